import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { reasonOf } from '../../domain/index.js';
import { unusable } from './level-errors.js';

const PREFIX = 'perigee-scratch-';

export interface Scratch extends AsyncDisposable {
  readonly path: string;
}

/**
 * A folder that goes with its disposal, or with that of the next one, where the process was killed.
 *
 * @throws PerigeeError `data-dir-unusable` where none can be made.
 */
export async function makeScratch(): Promise<Scratch> {
  const parent = tmpdir();
  try {
    await removeOrphans(parent);
    const path = await mkdtemp(join(parent, `${PREFIX}${process.pid}-`));
    return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
  } catch (cause) {
    const cure = 'Name a folder that can be written in the variable TMPDIR.';
    throw unusable(`cannot make a folder in ${parent}: ${reasonOf(cause)}`, cure, cause);
  }
}

async function removeOrphans(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(PREFIX)) continue;
    if (isRunning(Number.parseInt(name.slice(PREFIX.length), 10))) continue;
    // Somebody else's may not be removed.
    await rm(join(parent, name), { recursive: true, force: true }).catch(() => undefined);
  }
}

/** Also where it is somebody else's, whom we may not signal. */
function isRunning(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}
