import { BEFORE_EVERYTHING, PerigeeError, mergePoints } from '../../domain/index.js';
import type { HistoryPoint, HistoryRequest, Position, Resolution } from '../../domain/index.js';
import type { Slice } from '../blocks/block-slices.js';
import type { BlockReader, Places } from '../blocks/block-store.js';
import type { OpenBlock } from '../blocks/open-block.js';
import { statisticId, STATISTICS } from '../blocks/statistics.js';
import type { Snapshot } from '../database/database.js';
import type { TimedEpoch } from '../epochs/epoch-clock.js';
import { HOUR_US, MINUTE_US } from '../rollups/rollups.js';
import { stretches } from './wall-order.js';
import type { Spanning } from './wall-order.js';

export interface HistoryParts {
  readonly readers: Readonly<Record<Resolution, BlockReader>>;
  /** Of the same moment as all below: what is written, joined or dropped while this is read does not show. */
  readonly snapshot: Snapshot;
  /** Up to where samples are in minutes, and minutes in hours. */
  readonly ends: { readonly minutes: Position; readonly hours: Position };
  /** What is in no block yet. */
  readonly open: OpenBlock;
  /** In order, with what is in no block. */
  readonly epochs: readonly TimedEpoch[];
}

const BUCKETS_US: Readonly<Record<Resolution, number>> = { raw: 0, minutes: MINUTE_US, hours: HOUR_US };
/** What is sorted at once where boots overlap: some hundred points of each of them, which may be as many as there were boots. */
const SORTED_MS: Readonly<Record<Resolution, number>> = {
  raw: 10 * 60_000,
  minutes: 6 * 3_600_000,
  hours: 15 * 24 * 3_600_000,
};

/** The history of one series. What is not yet folded is folded here, so that it does not matter when that is done. */
export async function* readHistory(
  parts: HistoryParts,
  seriesId: number,
  { fromMs, toMs, resolution }: HistoryRequest,
): AsyncGenerator<readonly HistoryPoint[]> {
  if (fromMs > toMs)
    throw new PerigeeError('usage', 'the range ends before it begins', 'Give the earlier time first.');
  const points = pointsOfEpochs(parts, seriesId, { fromMs, toMs, resolution });
  yield* resolution === 'raw' ? points : merged(points);
}

/** A range of one epoch's monotonic time, and how it becomes wall time. */
interface EpochRange {
  readonly snapshot: Snapshot;
  readonly epoch: number;
  readonly fromUs: number;
  readonly toUs: number;
  readonly offsetMs: number;
  readonly bucketUs: number;
}

/**
 * In order of wall time. Boots overlap in it where one had a wrong clock that was never set: there they are read a piece
 * at a time, and sorted.
 */
async function* pointsOfEpochs(
  parts: HistoryParts,
  seriesId: number,
  request: Omit<HistoryRequest, 'series'>,
): AsyncGenerator<readonly HistoryPoint[]> {
  const { resolution } = request;
  for (const { startMs, endMs, there } of stretches(rangesOf(parts, request))) {
    const between = (range: EpochRange, fromMs: number, toMs: number): ReturnType<typeof pointsOf> =>
      pointsOf(parts, seriesId, cut(range, fromMs, toMs), resolution);
    const [only, ...others] = there;
    if (only !== undefined && others.length === 0) yield* between(only, startMs, endMs);
    else
      for (let at = startMs; at < endMs; at += SORTED_MS[resolution]) {
        const found: HistoryPoint[] = [];
        for (const range of there)
          for await (const some of between(range, at, Math.min(endMs, at + SORTED_MS[resolution])))
            for (const point of some) found.push(point);
        yield found.sort((a, b) => a.wallMs - b.wallMs);
      }
  }
}

/** Of the epochs that have something of what is asked. */
function rangesOf(
  { snapshot, epochs }: HistoryParts,
  { fromMs, toMs, resolution }: Omit<HistoryRequest, 'series'>,
): readonly (EpochRange & Spanning)[] {
  const bucketUs = BUCKETS_US[resolution];
  return epochs.flatMap(({ epoch, offsetMs, ...stored }) => {
    const fromUs = Math.max((fromMs - offsetMs) * 1000, stored.fromUs - bucketUs);
    const toUs = Math.min((toMs - offsetMs) * 1000, stored.toUs + 1);
    if (fromUs >= toUs) return [];
    // A millisecond more on either side, so that nothing is rounded away.
    const startMs = Math.floor(bucketOf(Math.max(fromUs, stored.fromUs), bucketUs) / 1000 + offsetMs) - 1;
    const endMs = Math.ceil(bucketOf(toUs, bucketUs) / 1000 + offsetMs) + 1;
    return [{ snapshot, epoch, fromUs, toUs, offsetMs, bucketUs, startMs, endMs }];
  });
}

/** What of it begins between two moments: whole buckets. */
function cut(range: EpochRange, fromMs: number, toMs: number): EpochRange {
  const { offsetMs, bucketUs } = range;
  const at = (ms: number): number => {
    const us = (ms - offsetMs) * 1000;
    return bucketUs === 0 ? us : Math.ceil(us / bucketUs) * bucketUs;
  };
  return { ...range, fromUs: Math.max(range.fromUs, at(fromMs)), toUs: Math.min(range.toUs, at(toMs)) };
}

function bucketOf(us: number, bucketUs: number): number {
  return bucketUs === 0 ? us : Math.floor(us / bucketUs) * bucketUs;
}

/** The coarsest there is, and behind it what is finer. */
async function* pointsOf(
  { readers, ends, open }: HistoryParts,
  seriesId: number,
  range: EpochRange,
  resolution: Resolution,
): AsyncGenerator<readonly HistoryPoint[]> {
  if (range.fromUs >= range.toUs) return;
  // What is made a block, or folded, while this is read is read from where it was.
  const inBlocks = { epoch: open.epoch, sequence: open.first - 1 };
  const rolled = { first: statisticId(seriesId, 0), columns: STATISTICS.length };
  const rolledUp = (from: Resolution, places: Places): AsyncGenerator<readonly HistoryPoint[]> =>
    pointsIn(readers[from].slices(range, places, rolled), range);
  if (resolution === 'hours') yield* rolledUp('hours', { behind: BEFORE_EVERYTHING, upTo: ends.hours });
  const minutesFrom = resolution === 'hours' ? ends.hours : BEFORE_EVERYTHING;
  if (resolution !== 'raw') yield* rolledUp('minutes', { behind: minutesFrom, upTo: ends.minutes });
  const rawFrom = resolution === 'raw' ? BEFORE_EVERYTHING : ends.minutes;
  const raw = { first: seriesId, columns: 1 };
  yield* pointsIn(readers.raw.slices(range, { behind: rawFrom, upTo: inBlocks }, raw), range);
  if (open.epoch === range.epoch && open.count > 0) yield* pointsIn(openSlices(open, seriesId), range);
}

async function* pointsIn(
  found: AsyncIterable<readonly Slice[]>,
  range: EpochRange,
): AsyncGenerator<readonly HistoryPoint[]> {
  for await (const group of found) {
    const points: HistoryPoint[] = [];
    for (const slice of group) addPoints(points, slice, range);
    // Shapes of one block, and clocks of two sources, may overlap.
    if (!areInOrder(points)) points.sort((a, b) => a.wallMs - b.wallMs);
    yield points;
  }
}

function areInOrder(points: readonly HistoryPoint[]): boolean {
  let before = -Infinity;
  for (const { wallMs } of points) {
    if (wallMs < before) return false;
    before = wallMs;
  }
  return true;
}

/** Each point is made once, as it goes out: a day has many. */
function addPoints(points: HistoryPoint[], { monotonicUs, columns }: Slice, range: EpochRange): void {
  const { fromUs, toUs, offsetMs, bucketUs } = range;
  const [first, sums, leasts, mosts, lasts] = columns;
  for (let at = 0; at < monotonicUs.length; at += 1) {
    const us = monotonicUs[at] ?? 0;
    if (us < fromUs || us >= toUs) continue;
    const startUs = bucketOf(us, bucketUs);
    const wallMs = Math.round(startUs / 1000 + offsetMs);
    const value = first?.[at] ?? NaN;
    points.push(
      sums === undefined
        ? { wallMs, count: 1, sum: value, least: value, most: value, last: value }
        : {
            wallMs,
            // A whole number, so that it is kept in the point and not beside it: that halves the time of a day.
            count: value | 0,
            sum: sums[at] ?? NaN,
            least: leasts?.[at] ?? NaN,
            most: mosts?.[at] ?? NaN,
            last: lasts?.[at] ?? NaN,
          },
    );
  }
}

async function* openSlices(open: OpenBlock, seriesId: number): AsyncGenerator<readonly Slice[]> {
  yield await Promise.resolve(
    open.shapes.flatMap(({ seriesIds, monotonicUs, values }): Slice[] => {
      const place = seriesIds.indexOf(seriesId);
      if (place < 0) return [];
      const column = Float64Array.from(monotonicUs, (_, at) => values[at * seriesIds.length + place] ?? NaN);
      return [{ monotonicUs: Float64Array.from(monotonicUs), columns: [column] }];
    }),
  );
}

/** Joins what falls into the same bucket, also across blocks and starts of the gateway. */
async function* merged(
  chunks: AsyncIterable<readonly HistoryPoint[]>,
): AsyncGenerator<readonly HistoryPoint[]> {
  let last: HistoryPoint | undefined;
  for await (const chunk of chunks) {
    const done: HistoryPoint[] = [];
    for (const point of chunk) {
      if (last?.wallMs === point.wallMs) last = mergePoints(last, point);
      else {
        if (last !== undefined) done.push(last);
        last = point;
      }
    }
    yield done;
  }
  if (last !== undefined) yield [last];
}
