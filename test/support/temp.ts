import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

/** A folder of its own for one test file, gone when its tests have ended. */
export function tempFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `perigee-${name}-`));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
