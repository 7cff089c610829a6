import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { PerigeeError, reasonOf } from '../domain/index.js';
import { BACKED_UP_FOLDERS } from '../platform/index.js';
import { restoreBackup } from '../store/index.js';
import type { Restored } from '../store/index.js';
import { configOf, type CommonOptions } from './options.js';
import { print, printJson } from './output.js';
import { progressBar } from './progress.js';

type Env = Readonly<Record<string, string | undefined>>;

/** Makes an empty data directory that of the gateway whose backup it is. */
export async function restore(env: Env, file: string, options: CommonOptions): Promise<number> {
  const { dataDirectory } = configOf(env, options);
  const restored = await restoreBackup(bytesOf(file), dataDirectory, BACKED_UP_FOLDERS);
  if (options.json) printJson({ dataDirectory, ...restored });
  else for (const line of describe(restored, dataDirectory)) print(line);
  return 0;
}

function describe(restored: Restored, directory: string): readonly string[] {
  const { files, gatewayId, nextEpochAfter, runs, samples, series, takenAtMs } = restored;
  return [
    `restored gateway ${gatewayId} into ${directory}, as of ${new Date(takenAtMs).toISOString()}:`,
    `${samples} samples of ${series} series, ${runs} runs, and ${files} files of images, consoles and keys`,
    `Its starts go on behind number ${nextEpochAfter}, so that the backend takes nothing new for known. ` +
      'The gateway that it was taken from must not run any more.',
  ];
}

async function* bytesOf(file: string): AsyncGenerator<Uint8Array> {
  const show = progressBar('restoring');
  try {
    const size = file === '-' ? Infinity : (await stat(file)).size;
    const chunks: AsyncIterable<Buffer> = file === '-' ? process.stdin : createReadStream(file);
    let done = 0;
    for await (const chunk of chunks) {
      yield chunk;
      done += chunk.length;
      show(done / size);
    }
  } catch (cause) {
    if (cause instanceof PerigeeError) throw cause;
    const cure = 'Name a file that `perigee backup` made.';
    throw new PerigeeError('usage', `cannot read ${file}: ${reasonOf(cause)}`, cure, { cause });
  }
}
