import { stat } from 'node:fs/promises';
import { PerigeeError } from '../domain/index.js';
import type { ExportFormat } from './export-shape.js';
import { consoleText } from './output.js';
import { STDOUT, openPartFile } from './part-file.js';

/** Where an export goes; what it is given waits for whoever reads, so that nothing piles up in memory. */
export interface Output extends AsyncDisposable {
  readonly write: (piece: string | Uint8Array) => Promise<void>;
  /** All was written: a file gets its name. */
  finish(): Promise<void>;
}

export async function openOutput(file: string | undefined, format: ExportFormat): Promise<Output> {
  if (file !== undefined && file !== STDOUT) {
    if ((await stat(file).catch(() => undefined))?.isDirectory() === true)
      throw new PerigeeError('usage', `cannot write ${file}: it is a folder`, 'Name a file in it.');
    const part = await openPartFile(`${file}.part`, 0o666);
    return {
      write: part.write,
      finish: () => part.finish(file),
      [Symbol.asyncDispose]: () => part[Symbol.asyncDispose](),
    };
  }
  if (format === 'parquet' && process.stdout.isTTY)
    throw new PerigeeError('usage', 'Parquet is not for terminals', 'Name a file with --output, or pipe it.');
  return { write: toStdout, finish: nothing, [Symbol.asyncDispose]: nothing };
}

export function toStdout(piece: string | Uint8Array): Promise<void> {
  return new Promise((done, reject) => {
    // A guest chooses the names of its series.
    process.stdout.write(typeof piece === 'string' ? consoleText(piece) : piece, (error) => {
      if (error) reject(error);
      else done();
    });
  });
}

const nothing = (): Promise<void> => Promise.resolve();
