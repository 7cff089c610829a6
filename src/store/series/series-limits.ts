export interface SeriesLimits {
  readonly maxSeries: number;
  readonly maxSeriesPerImage: number;
}

/** All of them are in memory with their newest sample: some megabytes at this size. */
export const SERIES_MAX = 10_000;
/** What it can be configured to: some tens of megabytes. Also what a damaged number is taken for at most. */
export const SERIES_MAX_MOST = 100_000;
/** A guest has at most 128 metrics; the rest is for what it costs, and for the names of its next versions. */
export const SERIES_PER_IMAGE_MAX = 256;
