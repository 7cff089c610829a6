import { randomInt } from 'node:crypto';
import { mkdir, open, readdir, rm, statfs } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ByteReader } from '@perigee/columns';
import * as v from 'valibot';
import { PerigeeError, reasonOf } from '../../domain/index.js';
import { makeWithParents } from '../database/data-directory.js';
import { openDatabase, put } from '../database/database.js';
import type { Database } from '../database/database.js';
import { CHECK_DIRECTORY, unusable } from '../database/level-errors.js';
import { decodeIdentity, decodeTotals, encodeIdentity, parseJson } from '../format/codec.js';
import type { Identity, Totals } from '../format/codec.js';
import * as keys from '../format/keys.js';
import { archiveFrames, invalid } from './archive.js';
import type { ArchiveFrame } from './archive.js';
import { PARTIAL, finishRestore, putInPlace } from './placing.js';

/** What a file system puts into its root. */
const NOT_OURS = 'lost+found';
/** LevelDB's log and its tables hold the newest records twice; a head log and a reserve are made at the start. */
const ROOM_BYTES = 32 * 1024 * 1024;
const KEY_BYTES_MAX = 256;

/**
 * Epochs are the order of everything, and each is used once: a backend that has one from before the loss would take what
 * is new in it for known. How many starts came after the backup, nobody can tell here; so a restored store goes on far
 * behind them, by chance, so that two that come of one backup part as well.
 */
const EPOCHS_LEAST = 2 ** 16;
const EPOCHS_MOST = 2 ** 24;

const headerSchema = v.object({
  format: v.number(),
  gatewayId: v.string(),
  epoch: v.number(),
  takenAtMs: v.number(),
  expectedBytes: v.number(),
});
export type BackupHeader = v.InferOutput<typeof headerSchema>;

const fileSchema = v.object({
  path: v.string(),
  mode: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0o777)),
});

export interface Restored extends BackupHeader, Totals {
  readonly series: number;
  readonly runs: number;
  readonly files: number;
  /** That its next start begins behind. */
  readonly nextEpochAfter: number;
}

/** What the first frame says. @throws PerigeeError `backup-invalid`. */
export function backupHeader({ kind, body }: ArchiveFrame): BackupHeader {
  const parsed = v.safeParse(headerSchema, kind === 'header' ? parseJson(body) : undefined);
  if (parsed.success) return parsed.output;
  throw invalid('it does not begin as one');
}

/**
 * Makes a data directory of a backup. Until all of it was read and agrees with its checksums, nothing is in its place.
 *
 * `besides`: the folders of files that it may have beside the store.
 *
 * @throws PerigeeError `data-dir-unusable` for a directory that is not empty or has no room, `backup-invalid`.
 */
export async function restoreBackup(
  chunks: AsyncIterable<Uint8Array>,
  directory: string,
  besides: readonly string[],
): Promise<Restored> {
  if (await finishRestore(directory)) {
    const cure = 'Start the gateway; or restore into an empty directory (--data).';
    throw unusable(`an earlier restore into ${directory}, which was cut short, is finished now`, cure);
  }
  await checkEmpty(directory);
  const partial = join(directory, PARTIAL);
  await rm(partial, { recursive: true, force: true });
  await mkdir(join(partial, 'store'), { recursive: true, mode: 0o700 });
  try {
    const restored = await fill(chunks, partial, besides);
    await putInPlace(directory);
    return restored;
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error instanceof PerigeeError
      ? error
      : unusable(
          `cannot restore into ${directory}: ${reasonOf(error)}`,
          'See that its disk is writable and has space.',
          error,
        );
  }
}

async function checkEmpty(directory: string): Promise<void> {
  await makeWithParents(directory).catch((cause: unknown) => {
    throw unusable(`cannot use the directory ${directory}: ${reasonOf(cause)}`, CHECK_DIRECTORY, cause);
  });
  const found = (await readdir(directory)).find((name) => name !== PARTIAL && name !== NOT_OURS);
  if (found === undefined) return;
  const cure = 'Restore into an empty directory (--data), or move what is there away first.';
  throw unusable(`${directory} is not empty: it holds ${found}`, cure);
}

async function fill(
  chunks: AsyncIterable<Uint8Array>,
  partial: string,
  besides: readonly string[],
): Promise<Restored> {
  const db = await openDatabase(join(partial, 'store'));
  const target = new Target(db, partial, besides);
  try {
    let header: BackupHeader | undefined;
    for await (const frame of archiveFrames(chunks)) {
      if (header === undefined) {
        header = backupHeader(frame);
        await checkRoom(partial, header.expectedBytes);
      } else await target.take(frame);
    }
    if (header === undefined) throw invalid('nothing is in it');
    return { ...header, ...(await target.finish()) };
  } finally {
    await target.close();
    await db.close();
  }
}

async function checkRoom(folder: string, expectedBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= expectedBytes + ROOM_BYTES) return;
  const [needed, free] = [expectedBytes + ROOM_BYTES, bavail * bsize].map((bytes) =>
    Math.ceil(bytes / 2 ** 20),
  );
  throw unusable(
    `the backup needs ${needed} MiB, and ${folder} has ${free} MiB free`,
    'Make room, or choose another --data.',
  );
}

/** Where the frames of a backup go. */
class Target {
  readonly #db: Database;
  readonly #folder: string;
  readonly #besides: readonly string[];
  #identity: Identity | undefined;
  #totals: Totals = { samples: 0, observations: 0 };
  #file: FileHandle | undefined;
  readonly #counts = { series: 0, runs: 0, files: 0 };

  constructor(db: Database, folder: string, besides: readonly string[]) {
    this.#db = db;
    this.#folder = folder;
    this.#besides = besides;
  }

  async take({ kind, body }: ArchiveFrame): Promise<void> {
    if (kind === 'records') await this.#records(body);
    else if (kind === 'file') await this.#begin(body);
    else if (kind === 'content' && this.#file !== undefined) await this.#file.appendFile(body);
    else throw invalid(`it has a ${kind} where none can be`);
  }

  async finish(): Promise<Totals & { series: number; runs: number; files: number; nextEpochAfter: number }> {
    const before = this.#identity;
    if (before === undefined) throw invalid('it does not say of which gateway it is');
    const epoch = before.epoch + randomInt(EPOCHS_LEAST, EPOCHS_MOST);
    if (epoch > keys.EPOCH_MAX - EPOCHS_MOST) throw invalid('its gateway has no epochs left');
    const identity = { ...before, epoch, restoredEpoch: before.epoch };
    await this.#db.batch([put(keys.IDENTITY_KEY, encodeIdentity(identity))], { sync: true });
    return { ...this.#totals, ...this.#counts, nextEpochAfter: epoch };
  }

  async close(): Promise<void> {
    await this.#file?.sync();
    await this.#file?.close();
    this.#file = undefined;
  }

  async #records(body: Uint8Array): Promise<void> {
    const reader = new ByteReader(body);
    const operations = [];
    while (reader.left > 0) {
      const key = reader.raw(reader.count(KEY_BYTES_MAX));
      const value = reader.raw(reader.varint());
      if (reader.broken || key.length === 0) throw invalid('a record of it is broken');
      if (!this.#isIdentity(key, value)) operations.push(put(key, value));
    }
    if (reader.broken) throw invalid('a record of it is broken');
    await this.#db.batch(operations);
  }

  /** Also looks at what is told in the end. */
  #isIdentity(key: Uint8Array, value: Uint8Array): boolean {
    const family = keys.familyOf(key);
    if (family === 'totals') this.#totals = decodeTotals(value) ?? this.#totals;
    if (family === 'series') this.#counts.series += 1;
    if (family === 'run') this.#counts.runs += 1;
    if (family !== 'identity') return false;
    const read = decodeIdentity(value);
    if (read?.kind !== 'ours') throw invalid('it is of a format that this Perigee does not know');
    this.#identity = read.identity;
    return true;
  }

  async #begin(body: Uint8Array): Promise<void> {
    await this.close();
    const parsed = v.safeParse(fileSchema, parseJson(body));
    if (!parsed.success || !isWithin(parsed.output.path, this.#besides))
      throw invalid('a file of it has an impossible name');
    const path = join(this.#folder, parsed.output.path);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    this.#file = await open(path, 'wx', 0o600);
    await this.#file.chmod(parsed.output.mode);
    this.#counts.files += 1;
  }
}

/** A file of one of the folders, or of one below it. */
function isWithin(path: string, folders: readonly string[]): boolean {
  const [folder = '', ...names] = path.split('/');
  const isName = (name: string): boolean => !['', '.', '..'].includes(name) && !name.includes('\0');
  return folders.includes(folder) && names.length > 0 && names.every(isName);
}
