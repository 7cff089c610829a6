import { open, rename, rm, stat, statfs } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PerigeeError, reasonOf } from '../domain/index.js';
import { backupFrames, backupHeader } from '../store/index.js';
import type { BackupHeader } from '../store/index.js';
import type { CommonOptions } from './options.js';
import { formatValue, print, printJson } from './output.js';
import { progressBar } from './progress.js';
import { withStore } from './store-access.js';

type Env = Readonly<Record<string, string | undefined>>;

/** Standard output, to send a backup elsewhere. */
const STDOUT = '-';

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
  const handle = await openPart(part);
  try {
    let bytes = 0;
    const header = await copy(
      chunks,
      async (chunk) => {
        bytes += chunk.length;
        await writeAll(handle, chunk);
      },
      ({ expectedBytes }) => checkRoom(part, expectedBytes),
    );
    await handle.sync();
    const file = isFolder ? join(target, nameOf(header)) : target;
    await rename(part, file);
    await syncFolder(dirname(file));
    return { file, header, bytes };
  } catch (error) {
    await rm(part, { force: true });
    throw error instanceof PerigeeError ? error : cannotWrite(part, error);
  } finally {
    await handle.close();
  }
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

async function openPart(part: string): Promise<FileHandle> {
  try {
    return await open(part, 'w', 0o600);
  } catch (error) {
    throw cannotWrite(part, error);
  }
}

async function checkRoom(path: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(path));
  if (bavail * bsize >= bytes) return;
  const [needed, free] = [bytes, bavail * bsize].map((size) => formatValue(size, 'bytes'));
  throw cannotWrite(path, new Error(`it may take ${needed ?? ''}, and there is ${free ?? ''} free`));
}

function cannotWrite(path: string, cause: unknown): PerigeeError {
  const cure = 'Name a file or a folder on a disk that is writable and has the room.';
  return new PerigeeError('usage', `cannot write ${path}: ${reasonOf(cause)}`, cure, { cause });
}

/** No colon: not every file system takes one. */
function nameOf({ gatewayId, takenAtMs }: BackupHeader): string {
  const time = new Date(takenAtMs)
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(':', '');
  return `perigee-${gatewayId}-${time}.backup`;
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += (await file.write(bytes, at)).bytesWritten;
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path);
  await folder.sync();
  await folder.close();
}

function toStdout(chunk: Uint8Array): Promise<void> {
  return new Promise((done, reject) => {
    process.stdout.write(chunk, (error) => (error ? reject(error) : done()));
  });
}
