import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PerigeeError, reasonOf } from '../domain/index.js';

/** In place of a file: standard output, to send what is written elsewhere. */
export const STDOUT = '-';

/** A file that has its name once it is whole, and on the disk; else nothing is left of it. */
export interface PartFile extends AsyncDisposable {
  readonly write: (piece: string | Uint8Array) => Promise<void>;
  finish(path: string): Promise<void>;
}

/** Writes over what is left of an attempt that was cut short. @throws PerigeeError `usage`, also later. */
export async function openPartFile(part: string, mode: number): Promise<PartFile> {
  const file = await open(part, 'w', mode).catch((cause: unknown) => {
    throw cannotWrite(part, cause);
  });
  let isWhole = false;
  return {
    async write(piece) {
      await file.writeFile(piece).catch((cause: unknown) => {
        throw cannotWrite(part, cause);
      });
    },
    async finish(path) {
      try {
        await file.sync();
        await rename(part, path);
        isWhole = true;
        await syncFolder(dirname(path));
      } catch (cause) {
        throw cannotWrite(path, cause);
      }
    },
    async [Symbol.asyncDispose]() {
      await file.close();
      if (!isWhole) await rm(part, { force: true });
    },
  };
}

export function cannotWrite(path: string, cause: unknown): PerigeeError {
  const cure = 'Name a file or a folder on a disk that is writable and has the room.';
  return new PerigeeError('usage', `cannot write ${path}: ${reasonOf(cause)}`, cure, { cause });
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path);
  await folder.sync();
  await folder.close();
}
