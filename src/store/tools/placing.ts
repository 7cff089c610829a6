import { existsSync } from 'node:fs';
import { open, readdir, rename, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { reasonOf } from '../../domain/index.js';
import { unusable } from '../database/level-errors.js';
import { forgetMemory } from '../head/memory-folder.js';

/** What is not yet whole; of an attempt that was cut short, the next one begins anew. */
export const PARTIAL = 'restore.partial';
/** What is whole, and perhaps not all in its place: whoever comes next goes on. */
const WHOLE = 'restore.whole';

/** Of all that is in PARTIAL. With the first of its steps the restore is done, whatever becomes of the process. */
export async function putInPlace(directory: string): Promise<void> {
  await syncFolder(join(directory, PARTIAL));
  await rename(join(directory, PARTIAL), join(directory, WHOLE));
  await syncFolder(directory);
  await finishRestore(directory);
}

/**
 * Goes on with a restore that was cut short in its last steps. Whether there was one.
 *
 * @throws PerigeeError `data-dir-unusable` where something else is in its place since.
 */
export async function finishRestore(directory: string): Promise<boolean> {
  const whole = join(directory, WHOLE);
  if (!existsSync(whole)) return false;
  try {
    // What another store in this place may have left in memory is none of this one.
    await forgetMemory(join(directory, 'store'));
    const names = await readdir(whole);
    // The store last: with it, the directory is one of Perigee.
    const isStore = (name: string): number => Number(name === 'store');
    for (const name of names.toSorted((a, b) => isStore(a) - isStore(b)))
      await rename(join(whole, name), join(directory, name));
    await rmdir(whole);
    await syncFolder(directory);
    return true;
  } catch (cause) {
    const cure = `Move what is in the way out of it, or, to give up what was restored, ${whole}.`;
    throw unusable(`cannot finish the restore into ${directory}: ${reasonOf(cause)}`, cure, cause);
  }
}

/** @throws PerigeeError `data-dir-unusable` where a new store would come in the way of a restore. */
export function refuseUnfinished(directory: string): void {
  if (existsSync(join(directory, 'store')) || !existsSync(join(directory, PARTIAL))) return;
  const cure = `Run \`perigee restore\` again; or, to begin with an empty store, remove ${join(directory, PARTIAL)}.`;
  throw unusable(`a restore into ${directory} was cut short, or still goes on`, cure);
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path);
  await folder.sync();
  await folder.close();
}
