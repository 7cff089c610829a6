import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { deflate } from 'node:zlib';
import { perigee } from '@perigee/proto';
import { PerigeeError, RESOLUTIONS, parseRunId, seriesKey } from '../domain/index.js';
import type { GatewayControl, HistoryPoint, HistoryRequest } from '../domain/index.js';

/** Of a snapshot before it is deflated: it is in memory while it is made, and for each phone that fetches one, deflated. */
const MAX_PLAIN_BYTES = 4 * 1024 * 1024;
/** A point of hours or minutes is at most so long; a sample, a third. */
const POINT_BYTES = 48;
const MAX_POINTS = Math.floor(MAX_PLAIN_BYTES / POINT_BYTES);
/** Nobody forges a collision against their own gateway; by chance there is none. */
const ID_BYTES = 16;

const deflated = promisify(deflate);

export interface SnapshotTaken {
  readonly id: Uint8Array;
  readonly bytes: Uint8Array;
  readonly plainSize: number;
}

/** @throws PerigeeError `usage` for one that is too large or not understood, `run-unknown`. */
export async function takeSnapshot(
  { history, of: what, runLog, series }: Partial<perigee.v1.OpenSnapshot>,
  control: GatewayControl,
): Promise<SnapshotTaken> {
  if (runLog) return snapshotOf(Buffer.from(await control.consoleLog(parseRunId(runLog))));
  if (history) return snapshotOf(await columnsOf(control, rangeOf(history)));
  if (series) return snapshotOf(await seriesList(control));
  throw new PerigeeError(
    'usage',
    `there is no snapshot of ${what ?? 'nothing'}`,
    'Ask for a log, a history or all series.',
  );
}

async function snapshotOf(plain: Uint8Array): Promise<SnapshotTaken> {
  if (plain.length > MAX_PLAIN_BYTES) throw tooMuch();
  const bytes = new Uint8Array(await deflated(plain));
  const id = createHash('sha256').update(bytes).digest().subarray(0, ID_BYTES);
  return { id: new Uint8Array(id), bytes, plainSize: plain.length };
}

function rangeOf({ fromMs, resolution, series, toMs }: perigee.v1.HistoryRange.$Properties): HistoryRequest {
  const known = RESOLUTIONS.find((each) => each === resolution);
  if (known === undefined) {
    const cure = `Ask for one of ${RESOLUTIONS.join(', ')}.`;
    throw new PerigeeError('usage', `there is no resolution "${resolution ?? ''}"`, cure);
  }
  return { series: series ?? '', fromMs: fromMs ?? 0, toMs: toMs ?? 0, resolution: known };
}

async function columnsOf(control: GatewayControl, request: HistoryRequest): Promise<Uint8Array> {
  const points: HistoryPoint[] = [];
  for await (const chunk of control.history(request)) {
    points.push(...chunk);
    if (points.length > MAX_POINTS) throw tooMuch();
  }
  let before = 0;
  const wallMs = points.map((point) => {
    const at = Math.round(point.wallMs);
    const delta = at - before;
    before = at;
    return delta;
  });
  const folded = (of: (point: HistoryPoint) => number): number[] =>
    request.resolution === 'raw' ? [] : points.map(of);
  return perigee.v1.HistoryColumns.encode({
    wallMs,
    last: points.map(({ last }) => last),
    count: folded(({ count }) => count),
    sum: folded(({ sum }) => sum),
    least: folded(({ least }) => least),
    most: folded(({ most }) => most),
  }).finish();
}

async function seriesList(control: GatewayControl): Promise<Uint8Array> {
  const newest = (await control.latest()).map(({ series, value }) => ({
    ...{ series: seriesKey(series), value, unit: series.unit },
  }));
  return perigee.v1.SeriesList.encode({ newest }).finish();
}

function tooMuch(): PerigeeError {
  const cure = 'Ask for a shorter range, or for minutes or hours.';
  return new PerigeeError('usage', 'this is more than one snapshot takes', cure);
}
