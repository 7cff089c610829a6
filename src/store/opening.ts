import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { BEFORE_EVERYTHING, parseGatewayId } from '../domain/index.js';
import type { Logger, Position, Resolution } from '../domain/index.js';
import { BlockReader } from './block-store.js';
import { FORMAT, decodeHeadStarts, decodeIdentity, decodePosition, decodeTotals } from './codec.js';
import { encodeHeadStarts, encodeIdentity, encodeTotals } from './codec.js';
import type { HeadStarts, Identity } from './codec.js';
import { foreignFolder } from './data-directory.js';
import { find, put } from './database.js';
import type { Database } from './database.js';
import { EpochClocks, decodeEpochClock } from './epoch-clock.js';
import type { EpochClock } from './epoch-clock.js';
import { Head } from './head.js';
import * as keys from './keys.js';
import { Ledger } from './ledger.js';
import { LossLog } from './loss-log.js';
import { corrupt, unusable } from './level-errors.js';
import { prepareMemoryFolder } from './memory-folder.js';
import { moveRows } from './migration.js';
import type { Write } from './migration.js';
import { decodeRow, decodeSeries } from './observation-codec.js';
import type { PlacedRow } from './open-block.js';
import { notePowerCut } from './power-cut.js';
import { recoveryOperations } from './recovery.js';
import { Rollups } from './rollups.js';

/** Takes the next epoch of this store, and of a new one the first. */
export async function beginEpoch(db: Database, path: string): Promise<Identity> {
  const before = (await readIdentity(db, path)) ?? newIdentity();
  const identity = { ...before, format: FORMAT, epoch: before.epoch + 1 };
  // Synced: after a power cut the same epoch must not come again, since a backend applies each position once.
  await db.put(keys.IDENTITY_KEY, encodeIdentity(identity), { sync: true });
  return identity;
}

function newIdentity(): Identity {
  return { format: FORMAT, gatewayId: parseGatewayId(randomBytes(8).toString('hex')), epoch: 0 };
}

async function readIdentity(db: Database, path: string): Promise<Identity | undefined> {
  const bytes = await find(db, keys.IDENTITY_KEY);
  if (bytes === undefined) {
    // Empty after a first opening that was cut short; anything else was not written by us.
    if ((await db.keys({ limit: 1 }).all()).length === 0) return undefined;
    throw foreignFolder(path, 'its database is no store of Perigee');
  }
  const read = decodeIdentity(bytes);
  if (read === undefined) throw foreignFolder(path, 'its database is no store of Perigee');
  if (read.kind === 'ours') return read.identity;
  const cure =
    read.format > FORMAT
      ? 'Use the newer Perigee, or choose another directory with --data.'
      : 'Move that directory away and start with a new one, or choose another with --data.';
  throw unusable(`${path} has format ${read.format}, and this Perigee knows ${FORMAT}`, cure);
}

export interface OpeningParts {
  readonly db: Database;
  readonly path: string;
  readonly write: Write;
  readonly logger: Logger;
  readonly epoch: number;
  /** Whether a power cut may lose all that is in no block. */
  readonly isFrugal: boolean;
  /** How long before a power cut nothing need be found. */
  readonly powerCutMs: number;
}

export interface StoreContents {
  readonly clocks: EpochClocks;
  readonly head: Head;
  readonly ledger: Ledger;
  readonly losses: LossLog;
  readonly readers: Readonly<Record<Resolution, BlockReader>>;
  readonly rollups: Rollups;
}

/** Brings an older format and what the head log gives back into blocks, and into memory what the store keeps there. */
export async function openContents(parts: OpeningParts): Promise<StoreContents> {
  const { db, path, write, logger, epoch } = parts;
  const clocks = await loadClocks(db);
  await moveRows(db, write, clocks, logger);
  const ledger = new Ledger(epoch, await readTotals(db, path));
  await loadSeries(db, path, ledger);
  const losses = await LossLog.open(parts);
  const { head, rows } = await openHead(parts);
  try {
    const operations = recoveryOperations(rows, ledger, clocks, { logger, losses });
    const boot = await bootId();
    notePowerCut(losses, clocks, { ...parts, boot });
    const begun = clocks.begin(epoch, boot);
    const starts = put(keys.HEAD_KEY, encodeHeadStarts(head.starts));
    await write([...operations, put(keys.TOTALS_KEY, encodeTotals(ledger.totals)), begun, starts], {
      sync: true,
    });
    head.release();
    const readers = {
      raw: new BlockReader({ ...parts, losses }),
      minutes: new BlockReader({ ...parts, losses }, 'minutes'),
      hours: new BlockReader({ ...parts, losses }, 'hours'),
    };
    const checkpoint = await readPositionAt(db, path, keys.CHECKPOINT_KEY);
    for (let at: Position | undefined = checkpoint; at !== undefined;) {
      const behind: readonly PlacedRow[] = (await readers.raw.rowsBehind(at)) ?? [];
      for (const row of behind) ledger.note(row);
      at = behind.at(-1)?.position;
    }
    const folded = await readPositionAt(db, path, keys.FOLDED_KEY);
    const rollups = new Rollups({ readers, write, ledger, epoch }, checkpoint, folded);
    await rollups.fold();
    return { clocks, head, ledger, losses, readers, rollups };
  } catch (error) {
    await head[Symbol.asyncDispose]();
    throw error;
  }
}

async function openHead({ db, path, logger, isFrugal }: OpeningParts): ReturnType<typeof Head.open> {
  const memory = await prepareMemoryFolder(path);
  if (memory.path === undefined)
    logger.warn(
      { reason: memory.reason },
      'no memory for the head log: the card is written for every observation',
    );
  const starts = await readHeadStarts(db, path);
  return Head.open({ folder: path, memoryFolder: memory.path, onCard: !isFrugal, starts, logger });
}

/** Of an epoch whose clocks cannot be read, its blocks still say what they were. */
async function loadClocks(db: Database): Promise<EpochClocks> {
  const clocks = new Map<number, EpochClock>();
  for await (const [key, value] of db.iterator(keys.rangeOf('epoch'))) {
    const clock = decodeEpochClock(value);
    if (clock !== undefined) clocks.set(keys.idOfKey(key), clock);
  }
  return new EpochClocks(clocks);
}

async function bootId(): Promise<string> {
  try {
    return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  } catch {
    // Not on Linux: then each epoch's clock stands for itself.
    return '';
  }
}

async function loadSeries(db: Database, path: string, ledger: Ledger): Promise<void> {
  for await (const [key, value] of db.iterator(keys.rangeOf('series'))) {
    const series = decodeSeries(value);
    if (series === undefined) throw corrupt(path, `series ${keys.idOfKey(key)} cannot be read`);
    ledger.restoreSeries(keys.idOfKey(key), series);
  }
  for await (const [key, value] of db.iterator(keys.rangeOf('latest'))) {
    const latest = decodeRow(value);
    if (latest === undefined) throw corrupt(path, `the latest of series ${keys.idOfKey(key)} cannot be read`);
    ledger.note(latest);
  }
  ledger.checkpointTaken(ledger.noted);
}

async function readHeadStarts(db: Database, path: string): Promise<HeadStarts> {
  const bytes = await find(db, keys.HEAD_KEY);
  const starts = bytes === undefined ? { card: 0, memory: 0 } : decodeHeadStarts(bytes);
  if (starts === undefined) throw corrupt(path, 'where its head log begins cannot be read');
  return starts;
}

async function readTotals(db: Database, path: string) {
  const bytes = await find(db, keys.TOTALS_KEY);
  const totals = bytes === undefined ? { samples: 0, observations: 0 } : decodeTotals(bytes);
  if (totals === undefined) throw corrupt(path, 'its totals cannot be read');
  return totals;
}

async function readPositionAt(db: Database, path: string, key: Uint8Array): Promise<Position> {
  const bytes = await find(db, key);
  const position = bytes === undefined ? BEFORE_EVERYTHING : decodePosition(bytes);
  if (position === undefined) throw corrupt(path, 'how far its samples are folded cannot be read');
  return position;
}
