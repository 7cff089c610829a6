import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PerigeeError } from '../../domain/index.js';
import { refuseForeignFiles } from './data-directory.js';
import { unusable } from './level-errors.js';
import { isHeld } from './lock.js';

/** The folder of a data directory's store. @throws PerigeeError `data-dir-unusable` where there is none. */
export function storeIn(directory: string): string {
  const path = join(directory, 'store');
  if (existsSync(path)) return path;
  throw unusable(`there is no store in ${directory}`, 'Name the directory with --data.');
}

/** The folder of a data directory's store, which nobody has open. @throws PerigeeError where there is none, or it is held. */
export async function stoppedStore(directory: string): Promise<string> {
  const path = storeIn(directory);
  refuseForeignFiles(path, await readdir(path).catch(() => []));
  if (await isHeld(path)) {
    const cure = 'Stop the gateway first; or restore a backup elsewhere, and look at that.';
    throw new PerigeeError('data-dir-locked', `a gateway is using ${path}`, cure);
  }
  return path;
}
