import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { unusable } from './level-errors.js';
import type { ToolableStore } from './level-store.js';
import { openLevelStore } from './open-level-store.js';
import type { LevelStoreOptions } from './open-level-store.js';

/**
 * The store of a data directory that no gateway uses; makes none.
 *
 * @throws PerigeeError `data-dir-unusable` where there is none, and what `openLevelStore` throws.
 */
export async function openExistingStore(options: LevelStoreOptions): Promise<ToolableStore> {
  try {
    await access(join(options.directory, 'store'));
  } catch (cause) {
    throw unusable(
      `there is no store in ${options.directory}`,
      'Name the data directory with --data.',
      cause,
    );
  }
  return openLevelStore(options);
}
