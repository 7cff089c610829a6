import { createHash } from 'node:crypto';
import { closeSync, constants, createReadStream, fstatSync, openSync, readSync } from 'node:fs';
import type { Stats } from 'node:fs';

/**
 * A file up to this size is read in one go while everything waits: that takes a tenth of the time of five turns through
 * the thread pool, which every cold start would have to wait for, and on a slow card no longer than a frame of a film.
 */
const AT_ONCE_BYTES = 64 * 1024;

export interface FileDigest {
  /** SHA-256, in hexadecimal digits. */
  readonly digest: string;
  readonly size: number;
  /** Its beginning: all of a small file, and more than the headers of any other. */
  readonly head: Uint8Array;
}

/** Larger files are read in pieces: a disk may be larger than the gateway's memory. @throws what the file system throws. */
export async function digestFile(path: string): Promise<FileDigest> {
  const hash = createHash('sha256');
  const small = readSmall(path);
  if (small) return { digest: hash.update(small).digest('hex'), size: small.length, head: small };
  let size = 0;
  let head: Buffer | undefined;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    size += chunk.length;
    head ??= chunk;
  }
  return { digest: hash.digest('hex'), size, head: head ?? Buffer.alloc(0) };
}

/** @throws also for what is no regular file, whose reading might never end. */
function readSmall(path: string): Buffer | undefined {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const { size } = checkedStat(file, path);
    if (size > AT_ONCE_BYTES) return undefined;
    const bytes = Buffer.allocUnsafe(size);
    return bytes.subarray(0, readSync(file, bytes, 0, size, 0));
  } finally {
    closeSync(file);
  }
}

function checkedStat(file: number, path: string): Stats {
  const stats = fstatSync(file);
  if (!stats.isFile()) throw new Error(`${path} is no regular file`);
  return stats;
}
