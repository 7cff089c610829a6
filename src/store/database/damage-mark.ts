import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Says to the next start that damage was met in use: it then reads every file, which takes too long for any other. */
const MARK_FILE = 'damaged';

/** At once, whatever becomes of the process; a disk that does not take it tells the same again next time. */
export function markDamaged(storePath: string): void {
  try {
    writeFileSync(join(storePath, MARK_FILE), '', { mode: 0o600 });
  } catch {
    // Whoever met the damage has told it.
  }
}

export function isMarkedDamaged(storePath: string): boolean {
  return existsSync(join(storePath, MARK_FILE));
}

export function unmarkDamaged(storePath: string): void {
  rmSync(join(storePath, MARK_FILE), { force: true });
}
