import { readFile } from 'node:fs/promises';
import { BEFORE_EVERYTHING } from '../../domain/index.js';
import type { Logger, Position, Resolution } from '../../domain/index.js';
import { BlockReader } from '../blocks/block-store.js';
import { floorsOf } from '../blocks/floors-row.js';
import type { Floors } from '../blocks/floors.js';
import { find, put } from '../database/database.js';
import type { Database } from '../database/database.js';
import type { Write } from '../database/writer.js';
import { EpochClocks, decodeEpochClock } from '../epochs/epoch-clock.js';
import type { EpochClock } from '../epochs/epoch-clock.js';
import { notePowerCut } from '../epochs/power-cut.js';
import {
  decodeHeadStarts,
  decodePosition,
  decodeTotals,
  encodeHeadStarts,
  encodeTotals,
} from '../format/codec.js';
import type { Identity, Totals } from '../format/codec.js';
import * as keys from '../format/keys.js';
import { Head } from '../head/head.js';
import { prepareMemoryFolder } from '../head/memory-folder.js';
import { LossLog } from '../records/loss-log.js';
import { Rollups } from '../rollups/rollups.js';
import type { Aside } from '../salvage/set-aside.js';
import type { Soundness } from '../salvage/sound-database.js';
import { Ledger } from '../series/ledger.js';
import { decodeRow, decodeSeries } from '../series/observation-codec.js';
import type { PlacedRow } from '../series/row.js';
import type { SeriesLimits } from '../series/series-limits.js';
import { findLatest } from './find-latest.js';
import { beginEpoch } from './identity.js';
import { mend, tellGaps, unreadableRows, writeAgain } from './mend.js';
import { moveRows } from './migration.js';
import { nameLostSeries, notInBlocks, recoveryOperations, seriesIn } from './recovery.js';

const NOTHING: Totals = { samples: 0, observations: 0 };

export interface OpeningParts {
  readonly db: Database;
  readonly path: string;
  readonly write: Write;
  readonly logger: Logger;
  readonly aside: Aside;
  readonly soundness: Soundness;
  readonly board: string | undefined;
  /** Whether a power cut may lose all that is in no block. */
  readonly isFrugal: boolean;
  readonly series: Partial<SeriesLimits>;
  /** How long before a power cut nothing need be found. */
  readonly powerCutMs: number;
}

export interface StoreContents {
  readonly identity: Identity;
  readonly clocks: EpochClocks;
  readonly floors: Floors;
  readonly head: Head;
  readonly ledger: Ledger;
  readonly losses: LossLog;
  readonly readers: Readonly<Record<Resolution, BlockReader>>;
  readonly rollups: Rollups;
}

/** Begins an epoch, brings an older format and what the head log gives back into blocks, and loads what is kept in memory. */
export async function openContents(parts: OpeningParts): Promise<StoreContents> {
  const { db, path, write, logger, soundness } = parts;
  const memory = await prepareMemoryFolder(path);
  if (memory.path === undefined)
    logger.warn(
      { reason: memory.reason },
      'no memory for the head log: the card is written for every observation',
    );
  if (soundness === 'salvaged') await writeAgain(parts);
  const identity = await beginEpoch({ ...parts, memoryFolder: memory.path });
  const { epoch } = identity;
  const isSound = soundness === 'whole' && (await unreadableRows(db)).length === 0;
  const seriesMax = isSound ? 0 : await mend(parts);
  const clocks = await loadClocks(db);
  await moveRows(db, write, clocks, logger);
  const ledger = new Ledger(
    epoch,
    (await valueAt(db, keys.TOTALS_KEY, decodeTotals)) ?? NOTHING,
    parts.series,
  );
  await loadSeries(parts, ledger, seriesMax);
  const losses = await LossLog.open({ ...parts, epoch });
  const floors = await floorsOf(db);
  const { head, rows } = await openHead(parts, identity, memory.path);
  try {
    const readers = {
      raw: new BlockReader({ ...parts, floors, losses }),
      minutes: new BlockReader({ ...parts, floors, losses }, 'minutes'),
      hours: new BlockReader({ ...parts, floors, losses }, 'hours'),
    };
    const missing = await notInBlocks(rows, readers.raw);
    const names = nameLostSeries(seriesIn(missing), ledger, logger);
    const operations = [...names, ...recoveryOperations(missing, ledger, clocks, { logger, losses })];
    const boot = await bootId();
    notePowerCut(losses, clocks, { ...parts, epoch, boot });
    const begun = clocks.begin(epoch, boot);
    const starts = put(keys.HEAD_KEY, encodeHeadStarts(head.starts));
    await write([...operations, put(keys.TOTALS_KEY, encodeTotals(ledger.totals)), begun, starts], {
      sync: true,
    });
    await head.begin(epoch);
    if (!isSound) await tellGaps(db, logger, losses);
    if (!isSound) await findLatest(db, readers.raw, ledger);
    const checkpoint = (await valueAt(db, keys.CHECKPOINT_KEY, decodePosition)) ?? BEFORE_EVERYTHING;
    for (let at: Position | undefined = checkpoint; at !== undefined;) {
      const behind: readonly PlacedRow[] = (await readers.raw.rowsBehind(at)) ?? [];
      for (const row of behind) ledger.note(row);
      at = behind.at(-1)?.position;
    }
    const folded = (await valueAt(db, keys.FOLDED_KEY, decodePosition)) ?? BEFORE_EVERYTHING;
    const rollups = new Rollups({ db, readers, write, ledger, epoch }, checkpoint, folded);
    await rollups.fold();
    return { identity, clocks, floors, head, ledger, losses, readers, rollups };
  } catch (error) {
    await head[Symbol.asyncDispose]();
    throw error;
  }
}

async function openHead(
  parts: OpeningParts,
  { gatewayId }: Identity,
  memoryFolder: string | undefined,
): ReturnType<typeof Head.open> {
  const { db, path: folder, aside, logger, isFrugal } = parts;
  // Where it is not said, all that is in the head log is looked at.
  const starts = await valueAt(db, keys.HEAD_KEY, decodeHeadStarts);
  return Head.open({ folder, memoryFolder, onCard: !isFrugal, starts, gatewayId, aside, logger });
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

/** A series whose row cannot be read keeps its number and its samples, and loses its name. */
async function loadSeries(
  { db, write, aside, logger }: OpeningParts,
  ledger: Ledger,
  max: number,
): Promise<void> {
  let highest = max;
  for await (const [key, value] of db.iterator(keys.rangeOf('series'))) {
    const series = key.length === ID_KEY_BYTES ? decodeSeries(value) : undefined;
    if (series === undefined) await aside.keep(key, value, 'the name of a series');
    else ledger.restoreSeries(keys.idOfKey(key), series);
    if (key.length === ID_KEY_BYTES) highest = Math.max(highest, keys.idOfKey(key));
  }
  const names = nameLostSeries(highest, ledger, logger);
  if (names.length > 0) await write(names, { sync: true });
  for await (const [key, value] of db.iterator(keys.rangeOf('latest'))) {
    const latest = key.length === ID_KEY_BYTES ? decodeRow(value) : undefined;
    // Its next sample is as good.
    if (latest === undefined)
      logger.warn({ series: hex(key) }, 'the latest sample of a series cannot be read');
    else ledger.note(latest);
  }
  ledger.checkpointTaken(ledger.noted);
}

/** A letter and a number. */
const ID_KEY_BYTES = 5;

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** Once mended, what cannot be read is not there. */
async function valueAt<T>(
  db: Database,
  key: Uint8Array,
  decode: (bytes: Uint8Array) => T | undefined,
): Promise<T | undefined> {
  const bytes = await find(db, key);
  return bytes && decode(bytes);
}
