import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { rename, rm } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { PerigeeError, reasonOf } from '../domain/index.js';
import type { ExportFormat } from './export-shape.js';

/** Where an export goes; what it is given waits for whoever reads, so that nothing piles up in memory. */
export interface Output {
  readonly write: (piece: string | Uint8Array) => Promise<void>;
  /** All was written: a file gets its name. */
  finish(): Promise<void>;
  close(): Promise<void>;
}

export async function openOutput(file: string | undefined, format: ExportFormat): Promise<Output> {
  if (file !== undefined) return openFile(file);
  if (format === 'parquet' && process.stdout.isTTY)
    throw new PerigeeError('usage', 'Parquet is not for terminals', 'Name a file with --output, or pipe it.');
  return { write: (piece) => written(process.stdout, piece), finish: nothing, close: nothing };
}

async function openFile(file: string): Promise<Output> {
  const part = `${file}.part`;
  const stream = createWriteStream(part);
  try {
    await once(stream, 'open');
  } catch (cause) {
    throw cannotWrite(file, cause);
  }
  let isDone = false;
  const end = (): Promise<void> =>
    new Promise((done, reject) => {
      stream.once('error', reject);
      stream.end(() => done());
    });
  return {
    async write(piece) {
      await written(stream, piece).catch((cause: unknown) => {
        throw cannotWrite(file, cause);
      });
    },
    async finish() {
      await end();
      await rename(part, file);
      isDone = true;
    },
    async close() {
      if (isDone) return;
      stream.destroy();
      await rm(part, { force: true });
    },
  };
}

function written(stream: Writable, piece: string | Uint8Array): Promise<void> {
  return new Promise((done, reject) => {
    stream.write(piece, (error) => {
      if (error) reject(error);
      else done();
    });
  });
}

function cannotWrite(file: string, cause: unknown): PerigeeError {
  const cure = 'Name a file on a disk that is writable and has the room.';
  return new PerigeeError('usage', `cannot write ${file}: ${reasonOf(cause)}`, cure, { cause });
}

const nothing = (): Promise<void> => Promise.resolve();
