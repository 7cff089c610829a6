import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Nothing is on its way for so long. */
const ABANDONED_MS = 24 * 3_600_000;

/** Names in a folder that have not changed for longer than any command may be at work. */
export async function oldNames(folder: string, nowMs: number): Promise<readonly string[]> {
  const names = await readdir(folder);
  const ages = await Promise.all(names.map((name) => ageOf(join(folder, name), nowMs)));
  return names.filter((_, index) => (ages[index] ?? 0) > ABANDONED_MS);
}

/** 0 for what is gone meanwhile. */
async function ageOf(path: string, nowMs: number): Promise<number> {
  return stat(path).then(
    ({ ctimeMs }) => nowMs - ctimeMs,
    () => 0,
  );
}

export function isAlive(processId: number): boolean {
  if (!Number.isInteger(processId) || processId <= 0) return false;
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    // One that may not be sent signals is alive.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
