/** What is kept of a bucket's samples, in the order in which the columns stand. */
export const STATISTICS = ['count', 'sum', 'least', 'most', 'last'] as const;
export const STRIDE = STATISTICS.length;

/** The number that a statistic of a series has in a block of roll-ups. */
export function statisticId(seriesId: number, statistic: number): number {
  return seriesId * STRIDE + statistic;
}
