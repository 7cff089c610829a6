import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ByteWriter } from '@perigee/columns';
import type { Clock } from '../../domain/index.js';
import { blockOperations } from '../blocks/sealed-block.js';
import type { OpenBlock } from '../blocks/open-block.js';
import { put } from '../database/database.js';
import type { Database, Operation } from '../database/database.js';
import { readingFailed } from '../database/level-errors.js';
import type { EpochClocks } from '../epochs/epoch-clock.js';
import { FORMAT, encodeTotals, jsonBytes } from '../format/codec.js';
import type { Identity } from '../format/codec.js';
import * as keys from '../format/keys.js';
import type { Ledger } from '../series/ledger.js';
import { ArchiveWriter } from './archive.js';

export interface BackupParts {
  readonly db: Database;
  readonly path: string;
  readonly identity: Identity;
  readonly clocks: EpochClocks;
  readonly ledger: Ledger;
  readonly clock: Clock;
  /** What is in no block yet. */
  readonly block: () => OpenBlock;
}

/** What goes together into a frame: some hundred records. */
const PIECE_BYTES = 256 * 1024;

/**
 * The store as it is at the first step, however long the reading takes and whatever is written meanwhile: LevelDB keeps
 * what the snapshot needs. What is in no block of the database is added as the block that it would become.
 */
export async function* backUp(
  parts: BackupParts,
  folders: readonly string[],
  expectedBytes: number,
): AsyncGenerator<Uint8Array> {
  const snapshot = parts.db.snapshot();
  // In the same step as the snapshot, so that nothing comes between them.
  const open = openOperations(parts);
  const archive = new ArchiveWriter();
  try {
    yield archive.begin();
    yield archive.frame('header', jsonBytes(headerOf(parts, expectedBytes)));
    yield* recordFrames(archive, parts.db.iterator({ snapshot }), open);
    for (const folder of folders) yield* backUpFolder(archive, parts.path, folder);
    yield archive.end();
  } catch (error) {
    // The stream has begun: who reads it learns in it that there is no more, and why.
    yield archive.frame('failed', new TextEncoder().encode(readingFailed(parts.path, error).message));
  } finally {
    await snapshot.close();
  }
}

async function* recordFrames(
  archive: ArchiveWriter,
  stored: AsyncIterable<[Uint8Array, Uint8Array]>,
  open: readonly Operation[],
): AsyncGenerator<Uint8Array> {
  const records = new Records();
  for await (const [key, value] of stored) {
    // The head log itself is not in the backup.
    if (isHead(key)) continue;
    if (records.add(key, value)) yield archive.frame('records', records.take());
  }
  for (const operation of open) if (operation.type === 'put') records.add(operation.key, operation.value);
  yield archive.frame('records', records.take());
}

function headerOf({ clock, identity }: BackupParts, expectedBytes: number): object {
  const { gatewayId, epoch } = identity;
  return { format: FORMAT, gatewayId, epoch, takenAtMs: clock.wallMs(), expectedBytes };
}

function openOperations({ block, clocks, ledger }: BackupParts): readonly Operation[] {
  const open = block();
  if (open.count === 0) return [];
  const totals = put(keys.TOTALS_KEY, encodeTotals(ledger.totals));
  return [...blockOperations(open), clocks.note(open), totals];
}

function isHead(key: Uint8Array): boolean {
  return Buffer.compare(key, keys.HEAD_KEY) === 0;
}

/** Of the files of folders beside the store's. */
export async function sizeOfFiles(storePath: string, folders: readonly string[]): Promise<number> {
  let bytes = 0;
  for (const folder of folders) for (const { size } of await filesOf(storePath, folder)) bytes += size;
  return bytes;
}

interface FoundFile {
  /** Within the data directory. */
  readonly path: string;
  readonly mode: number;
  readonly size: number;
}

async function filesOf(storePath: string, folder: string): Promise<readonly FoundFile[]> {
  const directory = join(storePath, '..');
  const names = await readdir(join(directory, folder), { recursive: true }).catch(() => []);
  const files: FoundFile[] = [];
  for (const name of names.toSorted()) {
    const path = join(folder, name);
    const found = await stat(join(directory, path)).catch(() => undefined);
    if (found?.isFile() === true) files.push({ path, mode: found.mode & 0o777, size: found.size });
  }
  return files;
}

/** One that goes meanwhile ends the backup: it would not be whole. */
async function* backUpFolder(
  archive: ArchiveWriter,
  storePath: string,
  folder: string,
): AsyncGenerator<Uint8Array> {
  for (const { path, mode } of await filesOf(storePath, folder)) {
    const content = createReadStream(join(storePath, '..', path), { highWaterMark: PIECE_BYTES });
    yield archive.frame('file', jsonBytes({ path, mode }));
    for await (const piece of content as AsyncIterable<Buffer>) yield archive.frame('content', piece);
  }
}

/** Keys and values, one behind the other. */
class Records {
  readonly #writer = new ByteWriter();
  #bytes = 0;

  /** Whether it is time to take them. */
  add(key: Uint8Array, value: Uint8Array): boolean {
    const writer = this.#writer;
    for (const bytes of [key, value]) {
      writer.varint(bytes.length);
      writer.raw(bytes);
      this.#bytes += bytes.length;
    }
    return this.#bytes >= PIECE_BYTES;
  }

  take(): Uint8Array {
    this.#bytes = 0;
    const taken = this.#writer.finish();
    this.#writer.clear();
    return taken;
  }
}
