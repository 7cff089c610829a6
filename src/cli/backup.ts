import { stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PerigeeError } from '../domain/index.js';
import { backupFrames, backupHeader } from '../store/index.js';
import type { BackupHeader } from '../store/index.js';
import { toStdout } from './export-output.js';
import type { CommonOptions } from './options.js';
import { formatValue, print, printJson } from './output.js';
import { STDOUT, cannotWrite, openPartFile } from './part-file.js';
import { progressBar } from './progress.js';
import { withStore } from './store-access.js';

type Env = Readonly<Record<string, string | undefined>>;

/** Of the store as it is now, also while the gateway runs. The file is there when it is whole, and not before. */
export async function backup(env: Env, target: string, options: CommonOptions): Promise<number> {
  return withStore(env, options, async (store) => {
    if (target === STDOUT) {
      await copy(store.backup(), (chunk) => toStdout(chunk));
      return 0;
    }
    const { file, header, bytes } = await toFile(store.backup(), target);
    const takenAt = new Date(header.takenAtMs).toISOString();
    if (options.json) printJson({ file, bytes, gatewayId: header.gatewayId, takenAt });
    else print(`${file}: ${formatValue(bytes, 'bytes')}, gateway ${header.gatewayId} as of ${takenAt}`);
    return 0;
  });
}

interface Written {
  readonly file: string;
  readonly header: BackupHeader;
  readonly bytes: number;
}

async function toFile(chunks: AsyncIterable<Uint8Array>, target: string): Promise<Written> {
  const isFolder = (await stat(target).catch(() => undefined))?.isDirectory() === true;
  const part = isFolder ? join(target, 'perigee.backup.part') : `${target}.part`;
  // It has what only its owner may see.
  await using out = await openPartFile(part, 0o600);
  let bytes = 0;
  const header = await copy(
    chunks,
    async (chunk) => {
      bytes += chunk.length;
      await out.write(chunk);
    },
    ({ expectedBytes }) => checkRoom(part, expectedBytes),
  );
  const file = isFolder ? join(target, nameOf(header)) : target;
  await out.finish(file);
  return { file, header, bytes };
}

/** Copies, and checks on the way what comes: a backup that was cut short on its way is none. */
async function copy(
  chunks: AsyncIterable<Uint8Array>,
  write: (chunk: Uint8Array) => Promise<void>,
  begins: (header: BackupHeader) => Promise<void> = () => Promise.resolve(),
): Promise<BackupHeader> {
  async function* copied(): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      await write(chunk);
      yield chunk;
    }
  }
  const show = progressBar('backing up');
  let header: BackupHeader | undefined;
  let done = 0;
  for await (const frame of backupFrames(copied())) {
    if (header === undefined) {
      header = backupHeader(frame);
      await begins(header);
    } else done += frame.body.length;
    show(Math.min(0.99, done / Math.max(1, header.expectedBytes)));
  }
  show(1);
  if (header === undefined)
    throw new PerigeeError('backup-invalid', 'nothing came of the store', 'Try again.');
  return header;
}

async function checkRoom(path: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(path));
  if (bavail * bsize >= bytes) return;
  const [needed, free] = [bytes, bavail * bsize].map((size) => formatValue(size, 'bytes'));
  throw cannotWrite(path, new Error(`it may take ${needed ?? ''}, and there is ${free ?? ''} free`));
}

/** No colon: not every file system takes one. */
function nameOf({ gatewayId, takenAtMs }: BackupHeader): string {
  const time = new Date(takenAtMs)
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(':', '');
  return `perigee-${gatewayId}-${time}.backup`;
}
