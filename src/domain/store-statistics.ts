import { RESOLUTIONS, type Resolution } from './history.js';

/** The newest blocks of a resolution, as they were given to the database. */
export interface MeasuredBlocks {
  readonly blocks: number;
  /** A sample, or a series' minute or hour. */
  readonly points: number;
  readonly bytes: number;
  /** How long it took to measure what is in them. */
  readonly seconds: number;
}

/** What was written since the store was opened. */
export interface StoreWrites {
  readonly seconds: number;
  readonly samples: number;
  /** Keys and values that were given to the database. */
  readonly givenBytes: number;
  /** What LevelDB wrote of it again to keep it sorted; it counts whole MiB. */
  readonly sortedBytes: number;
  /** What went into the head log on the card. */
  readonly headBytes: number;
  /** What the process gave to block devices, its logs included; absent where the kernel does not say, or there is none. */
  readonly deviceBytes?: number;
}

/** What a kind of records takes on disk, by LevelDB's own estimate, which leaves out what it has not sorted yet. */
export interface StoredKind {
  readonly kind: string;
  readonly bytes: number;
}

/** What is kept at most; absent where there is no limit. */
export interface KeptLimits {
  /** Days of recording. */
  readonly keepDays: Readonly<Partial<Record<Resolution, number>>>;
  /** Of all files. */
  readonly maxBytes?: number;
}

export interface StoreStatistics {
  readonly measured: Readonly<Record<Resolution, MeasuredBlocks>>;
  readonly kinds: readonly StoredKind[];
  readonly files: {
    /** Tables, which are sorted; and logs of what is not sorted yet. */
    readonly tableBytes: number;
    readonly logBytes: number;
    readonly headLogBytes: number;
    readonly reserveBytes: number;
  };
  readonly limits: KeptLimits;
  readonly disk: { readonly totalBytes: number; readonly freeBytes: number };
  readonly written: StoreWrites;
}

/** What is taken for granted of a card. */
export interface CardAssumptions {
  readonly cardBytes: number;
  /** How often each of its cells can be written. */
  readonly ratedCycles: number;
  /** How much it writes within for a byte that it is given. */
  readonly amplification: number;
}

/** TLC flash as in common cards; industrial ones are rated at 3,000 and more. */
const RATED_CYCLES = 500;
/** Cards move whole erase blocks for small writes; makers do not say how much. This is a cautious guess. */
const CARD_AMPLIFICATION = 4;

export interface StoreForecast {
  /** Of a sample, with its share of the roll-ups. */
  readonly bytesPerSample?: number;
  readonly growthBytesPerDay?: number;
  /** Until the disk is full, if nothing else grows; absent also where what is kept has a limit that comes first. */
  readonly daysToFull?: number;
  /** What all files then have at this rate, where it is the oldest that makes room. */
  readonly growsToBytes?: number;
  /** What is written to files for each byte that was given to the database. */
  readonly writeAmplification?: number;
  readonly writtenBytesPerDay?: number;
  /** Of the card's rated life, in percent a year. */
  readonly wearPercentPerYear?: number;
  readonly card: CardAssumptions;
}

const DAY_SECONDS = 86_400;
/** What a start writes is little beside it. */
const RATE_SECONDS_LEAST = 3600;

/** What comes of it, if everything goes on as it does. What is not known yet is absent. */
export function forecastOf(
  statistics: StoreStatistics,
  assumed: Partial<CardAssumptions> = {},
): StoreForecast {
  const { disk, written } = statistics;
  const card = {
    cardBytes: disk.totalBytes,
    ratedCycles: RATED_CYCLES,
    amplification: CARD_AMPLIFICATION,
    ...assumed,
  };
  return { ...growthOf(statistics), ...wearOf(written, card), card };
}

function growthOf(statistics: StoreStatistics): Partial<StoreForecast> {
  const { disk, files, measured } = statistics;
  const { raw } = measured;
  if (raw.seconds === 0 || raw.points === 0) return {};
  const perDay = RESOLUTIONS.map((resolution) => bytesPerDay(measured[resolution]));
  const growthBytesPerDay = perDay.reduce((sum, bytes) => sum + bytes);
  const bytesPerSample = growthBytesPerDay / ((raw.points / raw.seconds) * DAY_SECONDS);
  const usedBytes = Object.values(files).reduce((sum, bytes) => sum + bytes);
  const growsToBytes = Math.max(usedBytes, limitOf(statistics));
  const end =
    growsToBytes - usedBytes <= disk.freeBytes
      ? { growsToBytes }
      : { daysToFull: disk.freeBytes / growthBytesPerDay };
  return { bytesPerSample, growthBytesPerDay, ...end };
}

/** What its files come to by what is kept; infinite where everything is. */
function limitOf({ files, limits, measured }: StoreStatistics): number {
  const byAge = RESOLUTIONS.map(
    (resolution) => bytesPerDay(measured[resolution]) * (limits.keepDays[resolution] ?? Infinity),
  );
  const kept = byAge.reduce((sum, bytes) => sum + (Number.isNaN(bytes) ? 0 : bytes));
  return Math.min(limits.maxBytes ?? Infinity, kept + files.headLogBytes + files.reserveBytes);
}

function bytesPerDay({ bytes, seconds }: MeasuredBlocks): number {
  return seconds === 0 ? 0 : (bytes / seconds) * DAY_SECONDS;
}

function wearOf(written: StoreWrites, card: CardAssumptions): Partial<StoreForecast> {
  const { deviceBytes, givenBytes, headBytes, seconds, sortedBytes } = written;
  // The database's log has all that was given.
  const fileBytes = givenBytes + sortedBytes + headBytes;
  const writeAmplification = givenBytes === 0 ? {} : { writeAmplification: fileBytes / givenBytes };
  if (seconds < RATE_SECONDS_LEAST) return writeAmplification;
  const writtenBytesPerDay = ((deviceBytes ?? fileBytes) / seconds) * DAY_SECONDS;
  const lifeBytes = card.cardBytes * card.ratedCycles;
  const perYear = writtenBytesPerDay * 365.25 * card.amplification;
  return {
    ...writeAmplification,
    writtenBytesPerDay,
    ...(lifeBytes === 0 ? {} : { wearPercentPerYear: (perYear / lifeBytes) * 100 }),
  };
}

/** One step of a compaction; the last has all of its `steps` done. */
export interface CompactionProgress {
  readonly steps: number;
  readonly done: number;
  /** Of the database's files. */
  readonly beforeBytes: number;
  readonly nowBytes: number;
}

/** What keeps a store well, beside recording. */
export interface StoreTools {
  statistics(): Promise<StoreStatistics>;
  /** Sorts everything anew, and so frees what was removed. @throws PerigeeError `store-refused` without the room for it. */
  compact(): AsyncIterable<CompactionProgress>;
  /** Everything as it is at the first step, in pieces of one stream: docs/storage.md has its format. */
  backup(): AsyncIterable<Uint8Array>;
}
