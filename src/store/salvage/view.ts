import { copyFile, mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from '../../domain/index.js';
import type { Database } from '../database/database.js';
import { TABLE_NAME } from '../leveldb/file-names.js';
import { Aside } from './set-aside.js';
import { useSoundDatabase } from './sound-database.js';

const COPIED = /^(CURRENT|MANIFEST-\d+|\d+\.log|head\.ring)$/;

/**
 * Opens a database without touching it: in a folder of links to its tables and copies of the rest, which goes when
 * `use` is done. Of what is damaged there is what can be read.
 */
export async function viewDatabase<T>(
  path: string,
  logger: Logger,
  use: (db: Database, folder: string) => Promise<T>,
): Promise<T> {
  const outer = await mkdtemp(join(tmpdir(), 'perigee-view-'));
  const folder = join(outer, 'store');
  try {
    await linkStore(path, folder);
    return await useSoundDatabase({ path: folder, aside: new Aside(folder, 0), logger }, async (db) => {
      try {
        return await use(db, folder);
      } finally {
        await db.close();
      }
    });
  } finally {
    await rm(outer, { recursive: true, force: true });
  }
}

/** Makes a folder in which a store can be opened, and written to, with nothing of it touched. */
export async function linkStore(path: string, folder: string): Promise<void> {
  await mkdir(folder);
  for (const name of await readdir(path)) {
    // LevelDB never writes to a table that is there.
    if (TABLE_NAME.test(name)) await symlink(join(path, name), join(folder, name));
    if (COPIED.test(name)) await copyFile(join(path, name), join(folder, name));
  }
}
