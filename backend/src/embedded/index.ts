/** The embedded database: PostgreSQL as PGlite, alone in a directory. Nothing else imports PGlite. */
import { mkdirSync, renameSync, rmSync, existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Database } from '../database.js';
import { BackendError, reasonOf, systemCode } from '../errors.js';
import { openDatabase } from './database.js';
import { lockDirectory } from './lock.js';
import { makeDirectory } from './make-directory.js';
import { syncPath } from './synced-files.js';

/** Rejects with `data-dir-locked`, `data-dir-unusable` or `store-corrupt`. The first opening takes some seconds. */
export async function openEmbedded(directory: string): Promise<Database> {
  const lock = await usable(directory, async () => {
    makeDirectory(resolve(directory));
    return lockDirectory(directory);
  });
  try {
    const files = await usable(directory, () => initialised(directory));
    const database = await intact(directory, () => openDatabase(files));
    return {
      ...database,
      async [Symbol.asyncDispose](): Promise<void> {
        await database[Symbol.asyncDispose]();
        await lock[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await lock[Symbol.asyncDispose]();
    throw error;
  }
}

/** Made aside and renamed, so that a first start that was killed leaves nothing that looks finished. */
async function initialised(directory: string): Promise<string> {
  const files = join(directory, 'postgres');
  if (existsSync(files)) return files;
  const unfinished = join(directory, 'postgres.unfinished');
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished);
  await initialise(unfinished);
  renameSync(unfinished, files);
  syncPath(directory);
  return files;
}

async function initialise(directory: string): Promise<void> {
  const worker = new Worker(new URL('./initialise.js', import.meta.url), { workerData: directory });
  const [status] = (await once(worker, 'exit').catch((error: unknown) => {
    throw notMade(directory, reasonOf(error), error);
  })) as [number];
  // A worker that was ended, for want of memory say, need not have thrown anything.
  if (status !== 0) throw notMade(directory, `its worker ended with status ${status}`);
}

function notMade(directory: string, why: string, cause?: unknown): BackendError {
  return new BackendError(
    'data-dir-unusable',
    `no database could be made in ${directory}: ${why}`,
    'Give a directory on a disk with 100 MB of free space, on a machine with 1 GB of free memory.',
    { cause },
  );
}

async function usable<T>(directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof BackendError || systemCode(error) === '') throw error;
    throw new BackendError(
      'data-dir-unusable',
      `the directory ${directory} cannot be used: ${reasonOf(error)}`,
      'Give a directory on a local disk with free space that this user may write to.',
      { cause: error },
    );
  }
}

async function intact<T>(directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new BackendError(
      'store-corrupt',
      `the database in ${directory} does not open: ${reasonOf(error)}`,
      'Restore the directory from a backup, or give another one.',
      { cause: error },
    );
  }
}
