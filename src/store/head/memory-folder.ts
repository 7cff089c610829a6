import { createHash } from 'node:crypto';
import {
  copyFile,
  lstat,
  mkdir,
  readdir,
  readlink,
  realpath,
  rm,
  stat,
  statfs,
  symlink,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { reasonOf } from '../../domain/index.js';
import { RING_BYTES, RING_FILE } from './head-ring.js';

/** Where Linux has a file system in memory that any user may write. */
const MEMORY = '/dev/shm';
/** statfs(2), TMPFS_MAGIC. */
const TMPFS = 0x01021994;
const PREFIX = 'perigee-';
/** Names the store whose folder it is. */
const STORE_LINK = 'store';
/** A card is mended and mounted again in less; what is only in memory is the last of its samples. */
const ORPHAN_MS = 3_600_000;
const FREE_BYTES_LEAST = 2 * RING_BYTES;

export type MemoryFolder = { readonly path: string } | { readonly path?: undefined; readonly reason: string };

/** The folder in memory that belongs to the store in `folder`: it outlives the process, and not the power. */
export async function prepareMemoryFolder(folder: string): Promise<MemoryFolder> {
  try {
    const { type, bavail, bsize } = await statfs(MEMORY);
    if (type !== TMPFS) return { reason: `${MEMORY} is not in memory` };
    await removeOrphans();
    if (bavail * bsize < FREE_BYTES_LEAST) return { reason: `${MEMORY} is full` };
    const store = await realpath(folder);
    const path = memoryPathOf(store);
    await mkdir(path, { mode: 0o700 }).catch(ignoreExisting);
    // Anyone may have made it before us: theirs is not used.
    if (!(await isOurs(path))) return { reason: `${path} belongs to somebody else` };
    await symlink(store, join(path, STORE_LINK)).catch(ignoreExisting);
    return { path };
  } catch (error) {
    return { reason: reasonOf(error) };
  }
}

/** To another place of the same store: what a store could not write to its card is there only. */
export async function copyMemory(from: string, to: string): Promise<void> {
  const source = memoryPathOf(await realpath(from));
  const ring = join(source, RING_FILE);
  if (!(await isOurs(source)) || (await stat(ring).catch(() => undefined)) === undefined) return;
  const { path } = await prepareMemoryFolder(to);
  if (path !== undefined) await copyFile(ring, join(path, RING_FILE));
}

/** What a store that was in the same place before may have left there is none of the one that is in it now. */
export async function forgetMemory(folder: string): Promise<void> {
  const path = memoryPathOf(join(await realpath(dirname(folder)), basename(folder)));
  if (await isOurs(path)) await rm(path, { recursive: true, force: true });
}

function memoryPathOf(store: string): string {
  return join(MEMORY, PREFIX + createHash('sha256').update(store).digest('hex').slice(0, 16));
}

/** Left by processes that were killed, and whose stores were removed since; a card that was pulled may come back. */
async function removeOrphans(): Promise<void> {
  for (const name of await readdir(MEMORY)) {
    const path = join(MEMORY, name);
    if (name.startsWith(PREFIX) && (await isOurs(path)) && (await isOrphan(path)))
      await rm(path, { recursive: true, force: true });
  }
}

async function isOrphan(path: string): Promise<boolean> {
  const store = await readlink(join(path, STORE_LINK)).catch(() => undefined);
  if (store === undefined || (await stat(store).catch(() => undefined)) !== undefined) return false;
  const ring = await stat(join(path, RING_FILE)).catch(() => undefined);
  return ring === undefined || Date.now() - ring.mtimeMs > ORPHAN_MS;
}

async function isOurs(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  return (
    found !== undefined &&
    found.isDirectory() &&
    found.uid === process.getuid?.() &&
    (found.mode & 0o077) === 0
  );
}

function ignoreExisting(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
}
