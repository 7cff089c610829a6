import { join } from 'node:path';
import { PerigeeError } from '../../domain/index.js';
import { find, openDatabase } from '../database/database.js';
import { openingFailed } from '../database/level-errors.js';
import { makeScratch } from '../database/scratch.js';
import { decodeIdentity } from '../format/codec.js';
import * as keys from '../format/keys.js';
import { HeadRing } from '../head/head-ring.js';
import { lookAtFiles } from '../salvage/salvage.js';
import { SILENT, linkDatabase, viewDatabase } from '../salvage/view.js';
import { identityIn, otherFormat } from './identity.js';

/**
 * Looks, without touching anything, whose a database is: LevelDB changes files as soon as it is opened.
 *
 * @throws PerigeeError `data-dir-unusable` where it is another program's, or of another format.
 */
export async function refuseForeignDatabase(path: string): Promise<void> {
  try {
    await refuseOthers(path);
  } catch (error) {
    throw error instanceof PerigeeError ? error : openingFailed(path, error);
  }
}

async function refuseOthers(path: string): Promise<void> {
  if ((await lookAtFiles(path)).isNew) return;
  if ((await HeadRing.peek(path)) === undefined) {
    await viewDatabase(path, SILENT, (db) => identityIn(db, path, undefined));
    return;
  }
  // With a head log of ours it is ours, however damaged the rest, or full the disk: the opening tells of that.
  const read = await identityRead(path).catch(() => undefined);
  if (read?.kind === 'other-format') throw otherFormat(path, read.format);
}

async function identityRead(path: string): Promise<ReturnType<typeof decodeIdentity>> {
  await using scratch = await makeScratch();
  const folder = join(scratch.path, 'store');
  await linkDatabase(path, folder);
  const db = await openDatabase(folder);
  try {
    const bytes = await find(db, keys.IDENTITY_KEY);
    return bytes && decodeIdentity(bytes);
  } finally {
    await db.close();
  }
}
