import { seriesKey, type LatestSample, type RunRecord } from '../domain/index.js';

/**
 * What phones may take for the present, by series key: a value is live for as long as the run goes on that reported
 * it. That needs no clock, holds for windows of any length and for what a run says only once, and makes what an
 * earlier gateway or an ended run left behind unknown.
 */
export function liveValues(
  latest: readonly LatestSample[],
  active: readonly Pick<RunRecord, 'id'>[],
): ReadonlyMap<string, number> {
  const ids = new Set(active.map(({ id }) => id));
  const live = latest.filter(({ runId }) => runId !== undefined && ids.has(runId));
  return new Map(live.map(({ series, value }) => [seriesKey(series), value]));
}
