import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { unusable } from './database/level-errors.js';
import { openLevelStore } from './open-level-store.js';
import type { LevelStoreOptions } from './open-level-store.js';
import { isReadOnly, openReadOnly } from './read-only.js';
import type { ReadableStore } from './read-only.js';

/**
 * The store of a data directory that no gateway uses; makes none.
 *
 * @throws PerigeeError `data-dir-unusable` where there is none, and what `openLevelStore` throws.
 */
export async function openExistingStore(options: LevelStoreOptions): Promise<ReadableStore> {
  const path = join(options.directory, 'store');
  try {
    await access(path);
  } catch (cause) {
    throw unusable(
      `there is no store in ${options.directory}`,
      'Name the data directory with --data.',
      cause,
    );
  }
  return (await isReadOnly(path)) ? openReadOnly(options) : openLevelStore(options);
}
