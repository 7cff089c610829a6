import { copyFile, mkdir, readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../../domain/index.js';
import type { Database } from '../database/database.js';
import { openingFailed } from '../database/level-errors.js';
import { makeScratch } from '../database/scratch.js';
import { TABLE_NAME } from '../leveldb/file-names.js';
import { Aside } from './set-aside.js';
import { useSoundDatabase } from './sound-database.js';

/** For whoever looks at a store, and says in the end what was found. */
export const SILENT: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

function ignore(): void {
  // It is told by what is found.
}

/** Files that LevelDB changes, or removes. */
const OF_DATABASE = /^(CURRENT|MANIFEST-\d+|\d+\.log)$/;
const OF_STORE = /^(CURRENT|MANIFEST-\d+|\d+\.log|head\.ring)$/;

/**
 * Opens a database without touching it: in a folder of links to its tables and copies of the rest, which goes when
 * `use` is done. Of what is damaged there is what can be read.
 */
export async function viewDatabase<T>(
  path: string,
  logger: Logger,
  use: (db: Database, folder: string) => Promise<T>,
): Promise<T> {
  await using scratch = await makeScratch();
  const folder = join(scratch.path, 'store');
  await linkStore(path, folder);
  return await useSoundDatabase({ path: folder, aside: new Aside(folder, 0), logger }, async (db) => {
    try {
      return await use(db, folder);
    } finally {
      await db.close();
    }
  });
}

/**
 * Makes a folder in which a store can be opened, and written to, with nothing of it touched.
 *
 * @throws PerigeeError `data-dir-unusable`.
 */
export async function linkStore(path: string, folder: string): Promise<void> {
  try {
    await linkFiles(path, folder, OF_STORE);
  } catch (error) {
    throw openingFailed(path, error);
  }
}

/** The same, without its head log. */
export function linkDatabase(path: string, folder: string): Promise<void> {
  return linkFiles(path, folder, OF_DATABASE);
}

async function linkFiles(path: string, folder: string, copied: RegExp): Promise<void> {
  await mkdir(folder);
  for (const name of await readdir(path)) {
    // LevelDB never writes to a table that is there.
    if (TABLE_NAME.test(name)) await symlink(join(path, name), join(folder, name));
    if (copied.test(name)) await copyFile(join(path, name), join(folder, name));
  }
}
