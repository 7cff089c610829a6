import { realpath, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { PerigeeError } from '../../domain/index.js';
import { isOpenHere, openDatabase } from './database.js';
import { lockedByAnother, openingFailed } from './level-errors.js';
import { makeScratch } from './scratch.js';

const LOCK_FILE = 'LOCK';

/**
 * Works on the files of a database while nobody can open it, from whatever container. LevelDB locks the file LOCK in
 * its folder, which Node cannot: so an empty database takes the lock, in a folder whose LOCK is a link to that of this
 * one. What `work` does must not open the database itself: closing either file gives the lock up.
 *
 * @throws PerigeeError `data-dir-locked` where the database is open already.
 */
export async function whileLocked<T>(storePath: string, work: () => Promise<T>): Promise<T> {
  const lock = await takeLock(storePath);
  try {
    return await work();
  } finally {
    await lock[Symbol.asyncDispose]();
  }
}

/** The same, until it is disposed of. */
export async function takeLock(storePath: string): Promise<AsyncDisposable> {
  // The system takes one process for one owner.
  if (isOpenHere(storePath)) throw lockedByAnother(storePath);
  const scratch = await makeScratch();
  try {
    await symlink(join(await realpath(storePath), LOCK_FILE), join(scratch.path, LOCK_FILE));
    const lock = await openDatabase(scratch.path);
    return {
      async [Symbol.asyncDispose]() {
        await lock.close();
        await scratch[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await scratch[Symbol.asyncDispose]();
    throw openingFailed(storePath, error);
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
