import { readFile, statfs } from 'node:fs/promises';
import { PerigeeError } from '../../domain/index.js';
import type { CompactionProgress, KeptLimits, Resolution } from '../../domain/index.js';
import type { MeasuredBlocks, StoreStatistics, StoreTools, StoreWrites } from '../../domain/index.js';
import { compactRange, sortedBytes } from '../database/database.js';
import type { Database } from '../database/database.js';
import { readingFailed, writingFailed } from '../database/level-errors.js';
import type { WriteMeter } from '../database/write-meter.js';
import { FAMILY_NAMES, rangeOf } from '../format/keys.js';
import type { Head } from '../head/head.js';
import type { RetentionLimits } from '../keeping/retention.js';
import { backUp, sizeOfFiles } from './backup.js';
import type { BackupParts } from './backup.js';
import { diskOf, fileSizes } from './file-sizes.js';
import { sizesOfKinds } from './kinds.js';
import { measureBlocks } from './measure.js';

export interface ToolParts extends BackupParts {
  readonly head: Head;
  readonly meter: WriteMeter;
  readonly limits: RetentionLimits;
  /** Folders beside the store's that a backup has as well. */
  readonly besides: readonly string[];
}

/** A compaction writes some tables before it removes what they replace. */
const COMPACTION_ROOM_BYTES = 64 * 1024 * 1024;
/** Whoever asks more often is told the same: measuring reads some megabytes. */
const STATISTICS_FRESH_US = 10 * 1e6;

/** Of a store that is open. */
export function createStoreTools(parts: ToolParts): StoreTools & AsyncDisposable {
  const { clock, db, path } = parts;
  const measure = createMeasure(parts);
  let known: { readonly us: number; readonly statistics: Promise<StoreStatistics> } | undefined;
  let step: Promise<void> = Promise.resolve();

  async function* compact(): AsyncGenerator<CompactionProgress> {
    await checkRoom(path);
    const beforeBytes = (await fileSizes(path)).tableBytes;
    const steps = FAMILY_NAMES.length;
    for (const [done, family] of FAMILY_NAMES.entries()) {
      yield { steps, done, beforeBytes, nowBytes: (await fileSizes(path)).tableBytes };
      step = compactRange(db, rangeOf(family)).catch((error: unknown) => {
        throw writingFailed(path, error);
      });
      await step;
    }
    known = undefined;
    yield { steps, done: steps, beforeBytes, nowBytes: (await fileSizes(path)).tableBytes };
  }

  return {
    statistics() {
      const us = clock.monotonicUs();
      if (known === undefined || us - known.us > STATISTICS_FRESH_US) {
        const statistics = measure();
        known = { us, statistics };
        statistics.catch(() => (known = undefined));
      }
      return known.statistics;
    },
    compact,
    async *backup() {
      const { logBytes, tableBytes } = await fileSizes(path);
      yield* backUp(parts, parts.besides, tableBytes + logBytes + (await sizeOfFiles(path, parts.besides)));
    },
    /** A database that is closed under a compaction would take the process with it. */
    async [Symbol.asyncDispose]() {
      await step.catch(() => undefined);
    },
  };
}

async function checkRoom(path: string): Promise<void> {
  const { bavail, bsize } = await statfs(path);
  if (bavail * bsize >= COMPACTION_ROOM_BYTES) return;
  const needed = `${COMPACTION_ROOM_BYTES / 2 ** 20} MiB`;
  throw new PerigeeError(
    'store-refused',
    `a compaction needs ${needed} free, and the disk has ${Math.floor((bavail * bsize) / 2 ** 20)} MiB`,
    'Make room on the disk first; nothing was changed.',
  );
}

/** Counts writes from now on. */
function createMeasure({
  clock,
  db,
  head,
  ledger,
  limits,
  meter,
  path,
}: ToolParts): () => Promise<StoreStatistics> {
  const start = { us: clock.monotonicUs(), head: head.starts.card, samples: ledger.counts().samples };
  const given = meter.givenBytes;
  const device = deviceBytes();
  return async () => {
    try {
      const [before, now] = [await device, await deviceBytes()];
      const written: StoreWrites = {
        seconds: (clock.monotonicUs() - start.us) / 1e6,
        samples: ledger.counts().samples - start.samples,
        givenBytes: meter.givenBytes - given,
        sortedBytes: sortedBytes(db),
        headBytes: head.starts.card - start.head,
        ...(before === undefined || now === undefined || now === before ? {} : { deviceBytes: now - before }),
      };
      return {
        measured: await measureAll(db),
        kinds: await sizesOfKinds(db),
        files: await fileSizes(path),
        limits: keptLimits(limits),
        disk: await diskOf(path),
        written,
      };
    } catch (error) {
      throw readingFailed(path, error);
    }
  };
}

/** Infinite is as good as none, and no JSON. */
function keptLimits({ keepRawDays, keepMinutesDays, keepHoursDays, maxMib }: RetentionLimits): KeptLimits {
  const days = { raw: keepRawDays, minutes: keepMinutesDays, hours: keepHoursDays };
  const keepDays = Object.fromEntries(Object.entries(days).filter(([, value]) => Number.isFinite(value)));
  return { keepDays, ...(Number.isFinite(maxMib) ? { maxBytes: maxMib * 2 ** 20 } : {}) };
}

async function measureAll(db: Database): Promise<Readonly<Record<Resolution, MeasuredBlocks>>> {
  return {
    raw: await measureBlocks(db, 'raw'),
    minutes: await measureBlocks(db, 'minutes'),
    hours: await measureBlocks(db, 'hours'),
  };
}

/** What this process gave to block devices so far, less what was removed before it got there; undefined where it is not told. */
async function deviceBytes(): Promise<number | undefined> {
  const text = await readFile('/proc/self/io', 'utf8').catch(() => '');
  const read = (name: string): number => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(text)?.[1] ?? NaN);
  const bytes = read('write_bytes') - read('cancelled_write_bytes');
  return Number.isNaN(bytes) ? undefined : bytes;
}
