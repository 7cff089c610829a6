import type { Series } from './observation.js';

/** What a point of a history spans: one sample, a minute or an hour. */
export const RESOLUTIONS = ['raw', 'minutes', 'hours'] as const;
export type Resolution = (typeof RESOLUTIONS)[number];

export interface HistoryRequest {
  /** As `seriesKey` spells it. */
  readonly series: string;
  /** Unix time, milliseconds; the first is in it, the last is not. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly resolution: Resolution;
}

/**
 * Samples of one series, folded. Of one sample, all figures but the count are its value. Where several sources name the
 * series, `last` is the last of one of them.
 */
export interface HistoryPoint {
  /** Unix time, milliseconds, of its start: corrected by what the clock was found to be later. */
  readonly wallMs: number;
  readonly count: number;
  readonly sum: number;
  readonly least: number;
  readonly most: number;
  readonly last: number;
}

export interface HistoryReader {
  /**
   * In the order of time, some points together as they are read; none for a series that is not known.
   * @throws PerigeeError `usage` for a range that ends before it begins.
   */
  history(request: HistoryRequest): AsyncIterable<readonly HistoryPoint[]>;
}

/** Of several series, by the names that `seriesKey` gives; of none, of all. */
export interface PackRequest extends Omit<HistoryRequest, 'series'> {
  readonly series: readonly string[];
  readonly limits: PackLimits;
}

/** What one pack may have at most. */
export interface PackLimits {
  readonly bytes: number;
  readonly series: number;
  readonly epochs: number;
  readonly shapes: number;
  /** Times are values too. */
  readonly values: number;
}

/** Columns as they are kept, which @perigee/columns reads: of observations that named the same series together. */
export interface PackedShape {
  readonly observations: number;
  readonly seriesIds: readonly number[];
  /** Monotonic, microseconds. */
  readonly times: Uint8Array;
  /** Of each series one; of minutes and hours five: count, sum, least, most, last. */
  readonly columns: readonly Uint8Array[];
}

export interface PackedBlock {
  /** Of its rows: what is not folded yet is finer than asked for. */
  readonly resolution: Resolution;
  readonly epoch: number;
  readonly shapes: readonly PackedShape[];
}

/** The history of some series as it is kept. */
export interface HistoryPack extends Omit<HistoryRequest, 'series'> {
  /** Those asked for that there are, by their numbers. */
  readonly series: ReadonlyMap<number, Series>;
  /** Of the gateway's starts that have a part of it, the times: monotonic, microseconds; and wall time less that. */
  readonly epochs: readonly {
    readonly epoch: number;
    readonly fromUs: number;
    readonly toUs: number;
    readonly offsetMs: number;
  }[];
  readonly blocks: readonly PackedBlock[];
}

export interface HistoryPacker {
  /**
   * Of the beginning of the range as much as the limits allow, and no decoding of it.
   * @throws PerigeeError `usage` for a range that ends before it begins, and for more series than the limits allow.
   */
  packHistory(request: PackRequest): Promise<HistoryPack>;
}

/** Where the first one begins. */
export function mergePoints<T extends Omit<HistoryPoint, 'wallMs'>>(a: T, b: T): T {
  return {
    ...a,
    count: a.count + b.count,
    sum: a.sum + b.sum,
    least: Math.min(a.least, b.least),
    most: Math.max(a.most, b.most),
    last: b.last,
  };
}

/** At most `points` of them, of equal spans: each keeps the least and the most of its span. */
export async function thinned(
  chunks: AsyncIterable<readonly HistoryPoint[]>,
  { fromMs, toMs }: Pick<HistoryRequest, 'fromMs' | 'toMs'>,
  points: number,
): Promise<readonly HistoryPoint[]> {
  const spanMs = (toMs - fromMs) / points;
  const slots = new Map<number, HistoryPoint>();
  for await (const chunk of chunks) {
    for (const point of chunk) {
      const slot = Math.min(points - 1, Math.max(0, Math.floor((point.wallMs - fromMs) / spanMs)));
      const known = slots.get(slot);
      slots.set(
        slot,
        known === undefined ? { ...point, wallMs: fromMs + slot * spanMs } : mergePoints(known, point),
      );
    }
  }
  return [...slots.values()].sort((a, b) => a.wallMs - b.wallMs);
}

const BUCKET_MS = { minutes: 60_000, hours: 3_600_000 } as const;
/** So that a bucket which lies across the edge of a point is a small part of it. */
const BUCKETS_PER_POINT = 2;

/**
 * The coarsest resolution that still fills so many points of the range: their least and most are the same, for less
 * reading. Where no number of points is asked for, every sample is.
 */
export function resolutionFor(
  { fromMs, toMs }: Pick<HistoryRequest, 'fromMs' | 'toMs'>,
  points: number | undefined,
): Resolution {
  if (points === undefined) return 'raw';
  const spanMs = (toMs - fromMs) / points / BUCKETS_PER_POINT;
  if (spanMs >= BUCKET_MS.hours) return 'hours';
  return spanMs >= BUCKET_MS.minutes ? 'minutes' : 'raw';
}
