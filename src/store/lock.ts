import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Whether a process has the database open, which LevelDB says by a lock on this file. Only Linux tells. */
export async function isHeld(storePath: string): Promise<boolean> {
  const file = await stat(join(storePath, 'LOCK')).catch(() => undefined);
  const locks = await readFile('/proc/locks', 'utf8').catch(() => '');
  return file !== undefined && locks.split('\n').some((line) => inodeOf(line) === file.ino);
}

/** Of a line such as `1: POSIX  ADVISORY  WRITE 123 08:02:4711 0 EOF`. */
function inodeOf(line: string): number | undefined {
  const found = / [0-9a-f]+:[0-9a-f]+:(\d+) /.exec(line)?.[1];
  return found === undefined ? undefined : Number(found);
}
