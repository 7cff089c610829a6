import { readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { StoreStatistics } from '../../domain/index.js';
import { RESERVE_FILE } from '../database/reserve.js';
import { RING_FILE } from '../head/head-ring.js';
import { LOG_NAME, TABLE_NAME } from '../leveldb/file-names.js';

/** Of the files in a store's folder. */
export async function fileSizes(path: string): Promise<StoreStatistics['files']> {
  const sizes = { tableBytes: 0, logBytes: 0, headLogBytes: 0, reserveBytes: 0 };
  for (const name of await readdir(path)) {
    // LevelDB may have removed it since.
    const size = (await stat(join(path, name)).catch(() => undefined))?.size ?? 0;
    if (TABLE_NAME.test(name)) sizes.tableBytes += size;
    else if (LOG_NAME.test(name)) sizes.logBytes += size;
    else if (name === RING_FILE) sizes.headLogBytes += size;
    else if (name === RESERVE_FILE) sizes.reserveBytes += size;
  }
  return sizes;
}

export async function diskOf(path: string): Promise<StoreStatistics['disk']> {
  const { bavail, blocks, bsize } = await statfs(path);
  return { totalBytes: blocks * bsize, freeBytes: bavail * bsize };
}
