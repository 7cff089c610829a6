import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { PerigeeError, reasonOf } from '../domain/index.js';
import { LOOKED_AT_BYTES, detect, type Detected } from './detect.js';

export interface Looked {
  readonly path: string;
  readonly bytes: number;
  readonly detected: Detected;
}

/** What a file is. @throws PerigeeError `image-invalid` for what is no file, or cannot be read. */
export async function lookAt(path: string): Promise<Looked> {
  try {
    // Not to wait for a writer, if it is a pipe.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = await file.stat();
    if (!stats.isFile()) {
      const what = stats.isDirectory() ? 'a folder' : 'no regular file';
      throw new PerigeeError('image-invalid', `${path} is ${what}`, 'Give a kernel or a disk.');
    }
    return { path, bytes: stats.size, detected: detect(await headOf(file, stats.size)) };
  } catch (cause) {
    if (cause instanceof PerigeeError) throw cause;
    const cure = 'Give a file that is there and may be read.';
    throw new PerigeeError('image-invalid', `cannot read ${path}: ${reasonOf(cause)}`, cure, { cause });
  }
}

async function headOf(file: FileHandle, size: number): Promise<Uint8Array> {
  const head = new Uint8Array(Math.min(size, LOOKED_AT_BYTES));
  let filled = 0;
  while (filled < head.length) {
    const { bytesRead } = await file.read(head, filled, head.length - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return head.subarray(0, filled);
}
