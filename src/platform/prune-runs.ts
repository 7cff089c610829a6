import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { reasonOf, type Logger } from '../domain/index.js';

/**
 * Removes the folders of runs that a gateway left when it was killed: sockets, and copies of disks; but not those of
 * these runs. What cannot be removed is told, and stops nothing.
 */
export async function pruneRuns(directory: string, kept: ReadonlySet<string>, logger: Logger): Promise<void> {
  try {
    for (const name of await namesIn(directory))
      if (!kept.has(name)) await rm(join(directory, name), { recursive: true, force: true });
  } catch (error) {
    logger.warn({ directory }, `what earlier runs left was not removed: ${reasonOf(error)}`);
  }
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    // The first run that needs one makes it.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
