import { PerigeeError, reasonOf } from '../../domain/index.js';
import { isMarkedDamaged, unmarkDamaged } from '../database/damage-mark.js';
import { closeDatabase, openDatabase } from '../database/database.js';
import type { Database } from '../database/database.js';
import { isDamage, lossReasonOf, openingFailed } from '../database/level-errors.js';
import { whileLocked } from '../database/lock.js';
import { releaseReserve } from '../database/reserve.js';
import { checkFiles } from './files.js';
import { damagedLogs, lookAtFiles, mendLogs, salvageFiles } from './salvage.js';
import type { SalvageParts } from './salvage.js';

/** What became of the database's files. */
export type Soundness =
  /** They are as they were left. */
  | 'whole'
  /** Something is missing in what was written last: numbers that only grow may have gone back. */
  | 'lost-writes'
  /** What could be read was put together anew. */
  | 'salvaged';

/**
 * Opens the database and uses it. Where its files are damaged, also where that shows only in use, what can be read is
 * put together once, and used instead. On a full disk the space that is kept for this is given up, and all of it tried
 * once more: LevelDB makes tables of its log before anyone can read. `use` may begin again: what it returns closes the
 * database, what it throws need not.
 *
 * @throws PerigeeError `data-dir-unusable`, `data-dir-locked` or `store-corrupt`.
 */
export async function useSoundDatabase<T>(parts: SalvageParts, use: Use<T>): Promise<T> {
  try {
    return await useOnce(parts, use);
  } catch (error) {
    const { path, logger } = parts;
    if (lossReasonOf(error) !== 'disk-full' || !(await releaseReserve(path))) throw translated(path, error);
    logger.error({ path }, 'the disk is full: the store is opened in the space that was kept for this');
    return useOnce(parts, use);
  }
}

type Use<T> = (db: Database, soundness: Soundness) => Promise<T>;

async function useOnce<T>(parts: SalvageParts, use: Use<T>): Promise<T> {
  const { path, logger } = parts;
  const { isNew, hasManifest } = await lookAtFiles(path);
  const lostBytes =
    (await damagedLogs(path)).length === 0 ? 0 : await whileLocked(path, () => mendLogs(parts));
  const wasMet = isMarkedDamaged(path) && (await checkFiles(path)).length > 0;
  let db: Database | undefined;
  try {
    if (!wasMet && (isNew || hasManifest)) {
      db = await openDatabase(path);
      return await use(db, lostBytes > 0 ? 'lost-writes' : 'whole');
    }
    const what = wasMet ? 'was found damaged in use' : 'has lost files';
    logger.error({ path }, `the database ${what}: what can be read is kept`);
  } catch (error) {
    if (db !== undefined) await closeDatabase(db);
    if (!isDamage(error)) throw translated(path, error);
    logger.error({ path, reason: reasonOf(error) }, 'the database is damaged: what can be read is kept');
  }
  await whileLocked(path, () => salvageFiles(parts));
  unmarkDamaged(path);
  const salvaged = await openDatabase(path);
  try {
    return await use(salvaged, 'salvaged');
  } catch (error) {
    await closeDatabase(salvaged);
    throw translated(path, error);
  }
}

function translated(path: string, error: unknown): PerigeeError {
  return error instanceof PerigeeError ? error : openingFailed(path, error);
}
