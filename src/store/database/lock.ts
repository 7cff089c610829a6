import { mkdtemp, realpath, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PerigeeError } from '../../domain/index.js';
import { isOpenHere, openDatabase } from './database.js';
import { lockedByAnother, openingFailed } from './level-errors.js';

const LOCK_FILE = 'LOCK';

/**
 * Works on the files of a database while nobody can open it, from whatever container. LevelDB locks the file LOCK in
 * its folder, which Node cannot: so an empty database takes the lock, in a folder whose LOCK is a link to that of this
 * one. What `work` does must not open the database itself: closing either file gives the lock up.
 *
 * @throws PerigeeError `data-dir-locked` where the database is open already.
 */
export async function whileLocked<T>(storePath: string, work: () => Promise<T>): Promise<T> {
  // The system takes one process for one owner.
  if (isOpenHere(storePath)) throw lockedByAnother(storePath);
  const folder = await mkdtemp(join(tmpdir(), 'perigee-lock-'));
  try {
    await symlink(join(await realpath(storePath), LOCK_FILE), join(folder, LOCK_FILE));
    const lock = await openDatabase(folder).catch((error: unknown) => {
      throw openingFailed(storePath, error);
    });
    try {
      return await work();
    } finally {
      await lock.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Whether a process has the database open. Where nothing can be locked, as on a disk that is read only, nobody has. */
export async function isHeld(storePath: string): Promise<boolean> {
  if ((await stat(join(storePath, LOCK_FILE)).catch(() => undefined)) === undefined) return false;
  try {
    await whileLocked(storePath, () => Promise.resolve());
    return false;
  } catch (error) {
    return error instanceof PerigeeError && error.code === 'data-dir-locked';
  }
}
