import { BEFORE_EVERYTHING } from '../../domain/index.js';
import type { Logger, Loss, LossRecord, Position, Resolution } from '../../domain/index.js';
import { blockHeaders } from '../block-headers.js';
import { BlockReader, blockOperations } from '../block-store.js';
import { decodePosition } from '../codec.js';
import { find, remove } from '../database.js';
import type { Database, Operation } from '../database.js';
import { floorsOf } from '../floors-row.js';
import * as keys from '../keys.js';
import { openMended } from '../open-level-store.js';
import type { LevelStoreOptions } from '../open-level-store.js';
import { salvageFiles } from '../salvage.js';
import { Aside } from '../set-aside.js';
import { useSoundDatabase } from '../sound-database.js';
import { agreements } from './agreement.js';
import { stoppedStore } from './check.js';
import { checkFiles } from './files.js';
import type { Progress } from './finding.js';

/** What became of a store that was repaired. */
export interface RepairReport {
  readonly path: string;
  readonly gatewayId: string;
  /** Where what cannot be read is now; absent where there was none. */
  readonly aside?: string;
  readonly observations: number;
  /** Blocks of minutes and of hours that were made anew. */
  readonly refolded: number;
  /** What was found to be lost now. */
  readonly losses: readonly LossRecord[];
}

/**
 * Reads everything in a stopped store, sets aside what cannot be read, makes anew what can be made of the rest, and
 * records what is lost.
 */
export async function repairStore(options: LevelStoreOptions, progress: Progress): Promise<RepairReport> {
  const { directory, clock, logger } = options;
  const path = await stoppedStore(directory);
  const aside = new Aside(path, clock.wallMs());
  const parts = { path, aside, logger };
  const files = await checkFiles(path, (done) => progress(done / 2));
  if (files.length > 0) await salvageFiles(parts);
  const mended = await useSoundDatabase(parts, async (db) => {
    const lost = await removeDamagedBlocks(db, aside, await readerOf(db, path, logger, 'raw'));
    const refolded = await foldAnew(db, path, logger, aside);
    await db.close();
    return { lost, refolded };
  });
  await using store = await openMended(options, aside, files.length > 0 ? 'salvaged' : 'lost-writes');
  for (const loss of mended.lost) store.noteLoss(loss);
  progress(1);
  const losses = store.losses(BEFORE_EVERYTHING).filter(({ position }) => position.epoch === store.epoch);
  const { observations } = store.counts();
  const { gatewayId } = store;
  const { refolded } = mended;
  return { path, gatewayId, observations, refolded, losses, ...(aside.path ? { aside: aside.path } : {}) };
}

async function readerOf(
  db: Database,
  path: string,
  logger: Logger,
  resolution: Resolution,
): Promise<BlockReader> {
  // What is lost is found by reading everything, and recorded once the store is open.
  const losses = { noteLoss: () => undefined };
  return new BlockReader({ db, path, logger, floors: await floorsOf(db), losses }, resolution);
}

async function removeDamagedBlocks(
  db: Database,
  aside: Aside,
  reader: BlockReader,
): Promise<readonly Loss[]> {
  const lost: Loss[] = [];
  for await (const { place, header } of blockHeaders(db)) {
    const { epoch, sequence } = place;
    const rows = header && (await reader.rowsBehind({ epoch, sequence: sequence - 1 }));
    if (rows?.[0]?.position.epoch === epoch && rows[0].position.sequence === sequence) continue;
    await removeBlock(db, aside, place, 'raw');
    if (header === undefined) continue;
    const { observations: count, wallMs } = header;
    const sequences = { first: sequence, last: sequence + count - 1 };
    const times = { fromMs: wallMs.least, toMs: wallMs.most };
    lost.push({ reason: 'damaged', what: 'observations', epoch, count, sequences, times });
  }
  return lost;
}

/** Roll-ups that cannot be read, or are not what they were made of, are made anew where what they were made of is there. */
async function foldAnew(db: Database, path: string, logger: Logger, aside: Aside): Promise<number> {
  let refolded = 0;
  for (const [resolution, lower, endKey] of STEPS) {
    const bytes = await find(db, endKey);
    const end = (bytes && decodePosition(bytes)) ?? BEFORE_EVERYTHING;
    const upper = await readerOf(db, path, logger, resolution);
    const step = { db, resolution, upper, lower: await readerOf(db, path, logger, lower), end };
    for await (const { place, verdict, folded } of agreements(step)) {
      if (verdict === 'agrees' || verdict === 'unknown') continue;
      await removeBlock(db, aside, place, resolution);
      if (folded === undefined) continue;
      await db.batch(blockOperations(folded, resolution), { sync: true });
      refolded += 1;
    }
  }
  return refolded;
}

const STEPS = [
  ['minutes', 'raw', keys.CHECKPOINT_KEY],
  ['hours', 'minutes', keys.FOLDED_KEY],
] as const;

/** All rows of it go aside. */
async function removeBlock(
  db: Database,
  aside: Aside,
  place: Position,
  resolution: Resolution,
): Promise<void> {
  const header = keys.blockKeyOf(place, resolution);
  const first = keys.partKeyOf(place, 0, resolution);
  const parts = await db.iterator({ gte: first, lte: keys.partKeyOf(place, PART_MAX, resolution) }).all();
  const bytes = await find(db, header);
  const rows = [...(bytes === undefined ? [] : [[header, bytes] as const]), ...parts];
  const operations: Operation[] = [];
  for (const [key, value] of rows) {
    await aside.keep(key, value, `a block of ${resolution}`);
    operations.push(remove(key));
  }
  await db.batch(operations, { sync: true });
}

const PART_MAX = 2 ** 16 - 1;
