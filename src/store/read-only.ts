import { access, constants, mkdtemp, realpath, rm, statfs, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unusable } from './database/level-errors.js';
import { stoppedStore } from './database/stopped-store.js';
import { copyMemory, forgetMemory } from './head/memory-folder.js';
import type { ToolableStore } from './level-store.js';
import { openLevelStore } from './open-level-store.js';
import type { LevelStoreOptions } from './open-level-store.js';
import { linkStore } from './salvage/view.js';

/** A store as a command reads it. */
export type ReadableStore = Pick<ToolableStore, 'history' | 'latest' | 'tools'> & AsyncDisposable;

/** Whether its file system takes nothing, whoever asks. */
export async function isReadOnly(path: string): Promise<boolean> {
  const refusal: unknown = await access(path, constants.W_OK).catch((error: unknown) => error);
  return refusal instanceof Error && 'code' in refusal && refusal.code === 'EROFS';
}

/** Reads a store that cannot be written: opened beside it, in a folder that goes when it is closed. */
export async function openReadOnly(options: LevelStoreOptions): Promise<ReadableStore> {
  const directory = await realpath(options.directory);
  const path = await stoppedStore(directory);
  const beside = await mkdtemp(join(tmpdir(), 'perigee-view-'));
  const folder = join(beside, 'store');
  const remove = async (): Promise<void> => {
    await forgetMemory(folder).catch(() => undefined);
    await rm(beside, { recursive: true, force: true });
  };
  try {
    await linkStore(path, folder);
    await copyMemory(path, folder);
    for (const name of options.besides ?? []) await symlink(join(directory, name), join(beside, name));
    const store = await openLevelStore({ ...options, directory: beside });
    return {
      latest: () => store.latest(),
      history: (request) => store.history(request),
      tools: {
        backup: () => store.tools.backup(),
        compact() {
          throw unusable(`${directory} is read-only`, 'Mount its disk so that it can be written.');
        },
        async statistics() {
          const { bavail, blocks, bsize } = await statfs(directory);
          const disk = { totalBytes: blocks * bsize, freeBytes: bavail * bsize };
          return { ...(await store.tools.statistics()), disk };
        },
      },
      async [Symbol.asyncDispose]() {
        await store[Symbol.asyncDispose]();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}
