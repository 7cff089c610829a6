import { mergedPoints } from '@perigee/columns';
import { History } from '@perigee/gatt';
import { PerigeeError, seriesKey } from '../domain/index.js';
import type { HistoryPoint, HistoryRequest, Series, Unit } from '../domain/index.js';
import { download } from './download.js';
import type { DownloadOptions, Visit } from './download.js';
import { AGAIN } from './refusals.js';

/** Of some series; of none, of all. */
export interface HistoryAsked extends Omit<HistoryRequest, 'series'> {
  readonly series: readonly string[];
}

/** Names of series that go into one message: a quarter of it is left for the rest. */
const NAMES_BYTES_MAX = 3000;
/** In memory at once, as it came: more than ten days of sixty series at 1 Hz, after half an hour. */
const HISTORY_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Fetches what was measured, in as many snapshots as it takes: each of some of the series, from the earliest time on.
 * @throws PerigeeError of the gateway's, and `usage` for more than is kept in memory.
 */
export async function* fetchHistory(
  visit: () => Promise<Visit>,
  asked: HistoryAsked,
  options: DownloadOptions = {},
): AsyncGenerator<History, void, undefined> {
  let bytes = 0;
  for (const series of groupsOf(asked.series)) {
    const toMs = Math.trunc(asked.toMs);
    let fromMs = Math.trunc(asked.fromMs);
    do {
      const range = { series: [...series], fromMs, toMs, resolution: asked.resolution };
      const plain = await download(visit, { history: range }, options);
      bytes += plain.length;
      if (bytes > HISTORY_BYTES_MAX) throw tooMuch();
      const history = History.read(plain);
      const packed = history?.packed;
      const isAnswer =
        packed?.fromMs === fromMs && packed.resolution === asked.resolution && packed.toMs <= toMs;
      if (history === undefined || !isAnswer || (packed.toMs <= fromMs && fromMs < toMs)) throw nonsense();
      yield history;
      fromMs = packed.toMs;
    } while (fromMs < toMs);
  }
}

/** The series that were fetched, by the names that `seriesKey` gives. */
export function seriesIn(histories: readonly History[]): ReadonlyMap<string, Series> {
  const all = histories.flatMap(({ packed }) => [...packed.series.values()]);
  return new Map(all.map((series) => [seriesKey(series), { ...series, unit: series.unit as Unit }]));
}

/** Of one series, in the order of time; what falls into one bucket of two snapshots is one point. */
export async function* pointsOf(
  histories: readonly History[],
  name: string,
): AsyncGenerator<readonly HistoryPoint[]> {
  const [first] = histories;
  const points = pointsOfEach(histories, name);
  yield* first === undefined || first.packed.resolution === 'raw' ? points : mergedPoints(points);
}

async function* pointsOfEach(
  histories: readonly History[],
  name: string,
): AsyncGenerator<readonly HistoryPoint[]> {
  for (const history of histories)
    for (const [id, series] of history.packed.series)
      if (seriesKey(series) === name) yield* readable(history.points(id));
}

/** Of a gateway that makes no sense. */
async function* readable(points: AsyncIterable<readonly HistoryPoint[]>): typeof points {
  try {
    yield* points;
  } catch (cause) {
    throw cause instanceof RangeError ? nonsense(cause) : cause;
  }
}

function groupsOf(names: readonly string[]): readonly (readonly string[])[] {
  const groups: string[][] = [[]];
  let bytes = 0;
  for (const name of names) {
    const length = Buffer.byteLength(name);
    if (bytes > 0 && bytes + length > NAMES_BYTES_MAX) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)?.push(name);
    bytes += length;
  }
  return groups;
}

function nonsense(cause?: unknown): PerigeeError {
  const message = 'the gateway sent something else than the history that it was asked for';
  return new PerigeeError('radio-unavailable', message, AGAIN, { cause });
}

function tooMuch(): PerigeeError {
  const cure = 'Ask for a shorter range, or for minutes or hours.';
  return new PerigeeError('usage', 'this is more than a phone keeps in memory', cure);
}
