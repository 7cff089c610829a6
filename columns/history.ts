import { stretches } from './wall-order.js';
import type { Spanning } from './wall-order.js';

/** What a point spans: one sample, a minute or an hour. */
type Resolution = 'raw' | 'minutes' | 'hours';

export interface HistoryRange {
  /** Unix time, milliseconds; the first is in it, the last is not. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly resolution: Resolution;
}

/** Samples of one series, folded. Of one sample, all figures but the count are its value. */
interface Point {
  /** Unix time, milliseconds, of its start: by what the clock was found to be later. */
  readonly wallMs: number;
  readonly count: number;
  readonly sum: number;
  readonly least: number;
  readonly most: number;
  readonly last: number;
}

/** From one opening of the store to the next, with its times in the right light. */
export interface TimedEpoch {
  readonly epoch: number;
  /** Of its first and its last observation; monotonic, microseconds. */
  readonly fromUs: number;
  readonly toUs: number;
  /** Wall time less monotonic time. */
  readonly offsetMs: number;
}

/** A range of one epoch's monotonic time. */
export interface EpochRange {
  readonly epoch: number;
  readonly fromUs: number;
  readonly toUs: number;
}

/** What follows one another in time: of samples one column, of minutes and hours count, sum, least, most and last. */
export interface Slice {
  readonly monotonicUs: Float64Array;
  readonly columns: readonly Float64Array[];
}

/**
 * What there is of one series that may lie in a range: a group for each block, in the order of time but for what two
 * sources' clocks are apart. What is finer than asked for stands behind what is not, and is folded.
 */
export type SliceSource = (range: EpochRange) => AsyncIterable<readonly Slice[]>;

const BUCKETS_US: Readonly<Record<Resolution, number>> = { raw: 0, minutes: 60e6, hours: 3600e6 };
/** What is sorted at once where boots overlap: some hundred points of each of them, which may be as many as there were boots. */
const SORTED_MS: Readonly<Record<Resolution, number>> = {
  raw: 10 * 60_000,
  minutes: 6 * 3_600_000,
  hours: 15 * 24 * 3_600_000,
};

/** The history of one series, out of blocks, wherever they are. Where epochs overlap, the earlier one goes first. */
export function readHistory(
  slices: SliceSource,
  epochs: readonly TimedEpoch[],
  range: HistoryRange,
): AsyncIterable<readonly Point[]> {
  const points = pointsOfEpochs(slices, epochs, range);
  return range.resolution === 'raw' ? points : mergedPoints(points);
}

/** Where a range meets an epoch, and how the one's time becomes the other's. */
export interface MetEpoch extends EpochRange, Spanning {
  readonly offsetMs: number;
  readonly bucketUs: number;
}

/**
 * In order of wall time. Boots overlap in it where one had a wrong clock that was never set: there they are read a piece
 * at a time, and sorted.
 */
async function* pointsOfEpochs(
  slices: SliceSource,
  epochs: readonly TimedEpoch[],
  range: HistoryRange,
): AsyncGenerator<readonly Point[]> {
  const sortedMs = SORTED_MS[range.resolution];
  for (const { startMs, endMs, there } of stretches(meetings(epochs, range))) {
    const between = (met: MetEpoch, fromMs: number, toMs: number): ReturnType<typeof pointsIn> =>
      pointsIn(slices, cut(met, fromMs, toMs));
    const [only, ...others] = there;
    if (only !== undefined && others.length === 0) yield* between(only, startMs, endMs);
    else
      for (let at = startMs; at < endMs; at += sortedMs) {
        const found: Point[] = [];
        for (const met of there)
          for await (const some of between(met, at, Math.min(endMs, at + sortedMs)))
            for (const point of some) found.push(point);
        yield found.sort((a, b) => a.wallMs - b.wallMs);
      }
  }
}

/** The epochs that have something of a range, and what of them. */
export function meetings(
  epochs: readonly TimedEpoch[],
  { fromMs, toMs, resolution }: HistoryRange,
): readonly MetEpoch[] {
  const bucketUs = BUCKETS_US[resolution];
  return epochs.flatMap(({ epoch, offsetMs, ...stored }) => {
    const fromUs = Math.max((fromMs - offsetMs) * 1000, stored.fromUs - bucketUs);
    const toUs = Math.min((toMs - offsetMs) * 1000, stored.toUs + 1);
    if (fromUs >= toUs) return [];
    // A millisecond more on either side, so that nothing is rounded away.
    const startMs = Math.floor(bucketOf(Math.max(fromUs, stored.fromUs), bucketUs) / 1000 + offsetMs) - 1;
    const endMs = Math.ceil(bucketOf(toUs, bucketUs) / 1000 + offsetMs) + 1;
    return [{ epoch, fromUs, toUs, offsetMs, bucketUs, startMs, endMs }];
  });
}

/** What of it begins between two moments: whole buckets. */
function cut(met: MetEpoch, fromMs: number, toMs: number): MetEpoch {
  const { offsetMs, bucketUs } = met;
  const at = (ms: number): number => {
    const us = (ms - offsetMs) * 1000;
    return bucketUs === 0 ? us : Math.ceil(us / bucketUs) * bucketUs;
  };
  return { ...met, fromUs: Math.max(met.fromUs, at(fromMs)), toUs: Math.min(met.toUs, at(toMs)) };
}

function bucketOf(us: number, bucketUs: number): number {
  return bucketUs === 0 ? us : Math.floor(us / bucketUs) * bucketUs;
}

async function* pointsIn(slices: SliceSource, met: MetEpoch): AsyncGenerator<readonly Point[]> {
  if (met.fromUs >= met.toUs) return;
  for await (const group of slices(met)) {
    const points: Point[] = [];
    for (const slice of group) addPoints(points, slice, met);
    // Shapes of one block, and clocks of two sources, may overlap.
    if (!areInOrder(points)) points.sort((a, b) => a.wallMs - b.wallMs);
    yield points;
  }
}

function areInOrder(points: readonly Point[]): boolean {
  let before = -Infinity;
  for (const { wallMs } of points) {
    if (wallMs < before) return false;
    before = wallMs;
  }
  return true;
}

/** Each point is made once, as it goes out: a day has many. */
function addPoints(points: Point[], { monotonicUs, columns }: Slice, met: MetEpoch): void {
  const { fromUs, toUs, offsetMs, bucketUs } = met;
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

/** Joins what falls into the same bucket, also across blocks, starts of the gateway, and ranges that follow one another. */
export async function* mergedPoints(
  chunks: AsyncIterable<readonly Point[]>,
): AsyncGenerator<readonly Point[]> {
  let last: Point | undefined;
  for await (const chunk of chunks) {
    const done: Point[] = [];
    for (const point of chunk) {
      if (last?.wallMs === point.wallMs) last = joined(last, point);
      else {
        if (last !== undefined) done.push(last);
        last = point;
      }
    }
    yield done;
  }
  if (last !== undefined) yield [last];
}

function joined(a: Point, b: Point): Point {
  return {
    wallMs: a.wallMs,
    count: a.count + b.count,
    sum: a.sum + b.sum,
    least: Math.min(a.least, b.least),
    most: Math.max(a.most, b.most),
    last: b.last,
  };
}
