import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const exec = promisify(execFile);

/** The repository: this file runs from dist/test/guest/. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
export const IMAGES = join(ROOT, 'images');

export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
}

export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), 'perigee-guest-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Brings images/build up to date, or builds into another folder. Two at once do not disturb each other. */
export async function buildImages(...variables: readonly string[]): Promise<void> {
  await exec('make', ['--no-print-directory', '-C', IMAGES, ...variables]);
}
