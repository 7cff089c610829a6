import { readdir, realpath, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { PerigeeError } from '../domain/index.js';
import type { Logger } from '../domain/index.js';
import { refuseForeignFiles } from './database/data-directory.js';
import { openingFailed } from './database/level-errors.js';
import { takeLock } from './database/lock.js';
import { makeScratch } from './database/scratch.js';
import { storeIn } from './database/stopped-store.js';
import { copyMemory, forgetMemory } from './head/memory-folder.js';
import type { ToolableStore } from './level-store.js';
import { openLevelStore } from './open-level-store.js';
import type { LevelStoreOptions } from './open-level-store.js';
import { linkStore } from './salvage/view.js';
import { diskOf, fileSizes } from './tools/file-sizes.js';

/**
 * The store of a data directory that no gateway uses, to change it; makes none.
 *
 * @throws PerigeeError `data-dir-unusable` where there is none, and what `openLevelStore` throws.
 */
export async function openExistingStore(options: LevelStoreOptions): Promise<ToolableStore> {
  storeIn(options.directory);
  return openLevelStore(options);
}

/** A store as a command reads it. */
export interface ReadableStore extends Pick<ToolableStore, 'history' | 'latest'>, AsyncDisposable {
  readonly schedules: Pick<ToolableStore['schedules'], 'list'>;
  readonly tools: Pick<ToolableStore['tools'], 'backup' | 'statistics'>;
}

/**
 * The same, only to read: nothing of it is touched, not even by an opening, since it is opened beside itself. No gateway
 * starts on it meanwhile.
 */
export async function readExistingStore(options: LevelStoreOptions): Promise<ReadableStore> {
  const path = storeIn(await realpath(options.directory).catch(() => options.directory));
  const scratch = await makeScratch();
  const ends: (() => PromiseLike<void>)[] = [() => scratch[Symbol.asyncDispose]()];
  const end = async (): Promise<void> => {
    for (const each of ends.splice(0).reverse()) await each();
  };
  const folder = join(scratch.path, 'store');
  /** By the name that a person knows. */
  const told = (error: unknown): unknown =>
    error instanceof PerigeeError
      ? new PerigeeError(error.code, error.message.replaceAll(folder, path), error.cure, { cause: error })
      : openingFailed(path, error);
  try {
    refuseForeignFiles(path, await readdir(path));
    const lock = await lockUnlessReadOnly(path);
    if (lock !== undefined) ends.push(() => lock[Symbol.asyncDispose]());
    await linkStore(path, folder);
    await copyMemory(path, folder);
    ends.push(() => forgetMemory(folder));
    for (const name of options.besides ?? []) await symlink(join(path, '..', name), join(scratch.path, name));
    const logger = silentAtFirst(options.logger);
    const store = await openLevelStore({ ...options, logger, directory: scratch.path });
    ends.push(() => store[Symbol.asyncDispose]());
    const isDamaged = (await readdir(scratch.path)).some((name) => name.startsWith('store.damaged-'));
    logger.speak();
    if (isDamaged) logger.error({ path }, DAMAGED);
    return {
      latest: () => store.latest(),
      history: (request) => store.history(request),
      schedules: store.schedules,
      tools: {
        backup: () => store.tools.backup(),
        statistics: async () => ({
          ...(await store.tools.statistics()),
          ...{ files: await fileSizes(path), disk: await diskOf(path) },
        }),
      },
      [Symbol.asyncDispose]: end,
    };
  } catch (error) {
    await end();
    throw told(error);
  }
}

const DAMAGED =
  'the store is damaged: what can be read of it is shown, and `perigee store check` tells of the rest';

/** Where nothing can be locked, as on a disk that is read-only, nobody can start on it either. */
async function lockUnlessReadOnly(path: string): Promise<AsyncDisposable | undefined> {
  try {
    return await takeLock(path);
  } catch (error) {
    if (error instanceof PerigeeError && error.code === 'data-dir-locked') throw error;
    return undefined;
  }
}

/** What is found damaged at the opening is put aside beside what is looked at, where nobody finds it. */
function silentAtFirst(logger: Logger): Logger & { speak(): void } {
  let isSilent = true;
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => isSilent || logger.error(fields, message),
    speak: () => (isSilent = false),
  };
}
