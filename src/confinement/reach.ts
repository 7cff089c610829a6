import { statSync, type Stats } from 'node:fs';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import type { UserIds } from './user.js';

const READ = 4;
const WRITE = 2;
const EXECUTE = 1;

/** Whether the user may read the file, given that somebody opens it for him: what folders it lies in is no matter then. */
export function mayRead(path: string, ids: UserIds): boolean {
  return permits(statOf(path), ids, READ);
}

/** Whether the user may start the program, and enter every folder on the way to it. */
export function mayStart(program: string, ids: UserIds): boolean {
  return (
    permits(statOf(program), ids, READ | EXECUTE) &&
    foldersOf(program).every((folder) => permits(statOf(folder), ids, EXECUTE))
  );
}

/** Where the program lies that is started by this name; undefined for one that is not there. */
export function locate(program: string, searchPath: string): string | undefined {
  const paths = program.includes('/')
    ? [program]
    : searchPath.split(delimiter).map((folder) => join(folder, program));
  return paths.find((path) => isAbsolute(path) && ((statOf(path)?.mode ?? 0) & 0o111) !== 0);
}

/** The user, with the group of the device where only its members may open it: the one group that a process is started with. */
export function withGroupOf(device: string, ids: UserIds): UserIds {
  const stats = statOf(device);
  if (!stats || permits(stats, ids, READ | WRITE)) return ids;
  const member = { uid: ids.uid, gid: stats.gid };
  return permits(stats, member, READ | WRITE) ? member : ids;
}

/** Whether there is such a device, and the user may not open it, whatever group he is started with. */
export function isClosed(device: string, ids: UserIds): boolean {
  return statOf(device) !== undefined && !permits(statOf(device), withGroupOf(device, ids), READ | WRITE);
}

function foldersOf(path: string): readonly string[] {
  const above = dirname(path);
  return above === path ? [] : [above, ...foldersOf(above)];
}

/** By the classic bits; an access list that says more is not asked. */
function permits(stats: Stats | undefined, { uid, gid }: UserIds, wanted: number): boolean {
  if (!stats) return false;
  const shift = stats.uid === uid ? 6 : stats.gid === gid ? 3 : 0;
  return ((stats.mode >> shift) & wanted) === wanted;
}

/** Undefined for what is not there, or lies where we may not look: a PATH names folders of other users, too. */
function statOf(path: string): Stats | undefined {
  try {
    // An error that nobody reads would cost ten times the look.
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    // The answer.
    return undefined;
  }
}
