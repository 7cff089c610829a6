import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, open, rename, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { PerigeeError, reasonOf } from '../domain/index.js';
import { blobPath, isMissing } from './shelf.js';

/** Left for everything else that is kept on the same disk. */
const KEPT_FREE_BYTES = 16 * 1024 * 1024;

/** How names begin of what is not finished, or on its way out; the process that is at it comes next. */
export const ASIDE = '.aside-';

/**
 * Copies a file to where its content says, whole or not at all. What is there already is replaced by the same, so that
 * adding a file again mends it. @throws PerigeeError `image-invalid`, `image-checksum` or `data-dir-unusable`.
 */
export async function putBlob(
  blobs: string,
  path: string,
  expected: string,
  stopped: AbortSignal,
): Promise<void> {
  const size = (await readable(path)).size;
  await needRoom(blobs, path, size);
  const aside = unusedName(blobs);
  try {
    const digest = await copy(path, aside, stopped);
    if (digest !== expected) throw otherContent(path, digest, expected);
    await chmod(aside, 0o444);
    await rename(aside, blobPath(blobs, expected));
    await syncFolder(blobs);
  } catch (error) {
    await rm(aside, { force: true });
    throw error instanceof PerigeeError ? error : cannotCopy(path, blobs, error);
  }
}

/** For what is not finished yet, or on its way out. No other command makes the same, and no image has such a name. */
export function unusedName(folder: string): string {
  return join(folder, `${ASIDE}${process.pid}-${randomBytes(8).toString('hex')}`);
}

async function readable(path: string): Promise<{ readonly size: number }> {
  try {
    return await stat(path);
  } catch (cause) {
    const cure = 'Give a file that is there and may be read.';
    throw new PerigeeError('image-invalid', `cannot read ${path}: ${reasonOf(cause)}`, cure, { cause });
  }
}

async function needRoom(blobs: string, path: string, size: number): Promise<void> {
  const { bavail, bsize } = await statfs(blobs);
  const free = bavail * bsize - KEPT_FREE_BYTES;
  if (size <= free) return;
  const mebibytes = (bytes: number): string => `${Math.ceil(Math.max(0, bytes) / 2 ** 20)} MiB`;
  const message = `${path} has ${mebibytes(size)}, and ${blobs} has room for ${mebibytes(free)}`;
  throw new PerigeeError('data-dir-unusable', message, 'Make room, or choose another --data.');
}

async function copy(from: string, to: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  const hashing = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  await pipeline(createReadStream(from), hashing, createWriteStream(to, { flags: 'wx', flush: true }), {
    signal,
  });
  return hash.digest('hex');
}

function otherContent(path: string, digest: string, expected: string): PerigeeError {
  const message = `${path} is not what its manifest says: sha256 ${digest}, expected ${expected}`;
  return new PerigeeError('image-checksum', message, 'Get the file again, or correct the manifest.');
}

function cannotCopy(path: string, blobs: string, cause: unknown): PerigeeError {
  const message = `cannot copy ${path} to ${blobs}: ${reasonOf(cause)}`;
  const cure = 'Make room, correct the permissions, or choose another --data.';
  return new PerigeeError('data-dir-unusable', message, cure, { cause });
}

/** A name that was made or moved outlasts a power cut only once its folder is written. */
export async function syncFolder(directory: string): Promise<void> {
  await using folder = await open(directory);
  await folder.sync();
}

/**
 * Removes those of `candidates` that no manifest uses. Each is moved aside first and looked for again: a manifest that
 * came meanwhile gets it back, and whoever wrote that manifest looks for its files afterwards.
 */
export async function dropBlobs(
  blobs: string,
  candidates: Iterable<string>,
  used: () => Promise<ReadonlySet<string>>,
): Promise<void> {
  for (const sha256 of candidates) {
    if ((await used()).has(sha256)) continue;
    const aside = unusedName(blobs);
    try {
      await rename(blobPath(blobs, sha256), aside);
    } catch (error) {
      if (!isMissing(error)) throw error;
      continue;
    }
    if ((await used()).has(sha256)) await rename(aside, blobPath(blobs, sha256));
    else await rm(aside, { force: true });
  }
}
