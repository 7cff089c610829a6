import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, deflateRaw } from 'node:zlib';
import { encodeHistory, HISTORY_LIMITS } from '@perigee/gatt';
import { perigee } from '@perigee/proto';
import { PerigeeError, RESOLUTIONS, parseRunId, seriesKey } from '../domain/index.js';
import type { GatewayControl, HistoryPacker, PackRequest } from '../domain/index.js';

/** Of a snapshot before it is deflated: it is in memory while it is made, and for each phone that fetches one, deflated. */
const MAX_PLAIN_BYTES = HISTORY_LIMITS.bytes;
/** Nobody forges a collision against their own gateway; by chance there is none. */
const ID_BYTES = 16;
/** Deflated each for itself, so that what comes behind changes nothing of it: of that much a phone fetches again. */
const CHUNK_BYTES = 32 * 1024;
/** That a phone may offer: each is hashed. */
const BEGINNINGS_MAX = 8;
/** Of columns the best level saves a fiftieth more, for half as much time again. */
const LEVEL = 1;

const deflated = promisify<Uint8Array, { readonly level: number; readonly finishFlush: number }, Buffer>(
  deflateRaw,
);

export interface SnapshotTaken {
  readonly id: Uint8Array;
  readonly bytes: Uint8Array;
  readonly plainSize: number;
  /** How many of the bytes the phone has. */
  readonly from: number;
}

/** Where snapshots come from. */
export interface SnapshotSources {
  readonly gatewayId: string;
  readonly control: Pick<GatewayControl, 'consoleLog' | 'latest'>;
  readonly history: HistoryPacker;
}

/** @throws PerigeeError `usage` for one that is too large or not understood, `run-unknown`. */
export async function takeSnapshot(
  asked: perigee.v1.OpenSnapshot.$Properties,
  sources: SnapshotSources,
): Promise<SnapshotTaken> {
  const plain = await plainOf(asked, sources);
  if (plain.length > MAX_PLAIN_BYTES) throw tooMuch();
  const bytes = await deflatedInChunks(plain);
  const common = (asked.have ?? [])
    .slice(0, BEGINNINGS_MAX)
    .filter((beginning) => beginsWith(bytes, beginning))
    .map(({ size }) => size ?? 0);
  const from = Math.max(0, ...common);
  return { id: new Uint8Array(idOf(bytes)), bytes, plainSize: plain.length, from };
}

function beginsWith(bytes: Uint8Array, { id, size }: perigee.v1.Beginning.$Properties): boolean {
  const count = size ?? 0;
  return count <= bytes.length && idOf(bytes.subarray(0, count)).equals(id ?? NOTHING);
}

const NOTHING = new Uint8Array();

async function plainOf(
  { history, runLog, series }: perigee.v1.OpenSnapshot.$Properties,
  sources: SnapshotSources,
): Promise<Uint8Array> {
  if (runLog) return Buffer.from(await sources.control.consoleLog(parseRunId(runLog)));
  if (history) return historyOf(history, sources);
  if (series) return seriesList(sources.control);
  throw new PerigeeError(
    'usage',
    'there is no snapshot of nothing',
    'Ask for a log, a history or all series.',
  );
}

function idOf(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest().subarray(0, ID_BYTES);
}

async function deflatedInChunks(plain: Uint8Array): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for (let at = 0; at === 0 || at < plain.length; at += CHUNK_BYTES) {
    const isLast = at + CHUNK_BYTES >= plain.length;
    const finishFlush = isLast ? constants.Z_FINISH : constants.Z_SYNC_FLUSH;
    chunks.push(await deflated(plain.subarray(at, at + CHUNK_BYTES), { level: LEVEL, finishFlush }));
  }
  return new Uint8Array(Buffer.concat(chunks));
}

async function historyOf(
  asked: perigee.v1.HistoryRange.$Properties,
  { gatewayId, history }: SnapshotSources,
): Promise<Uint8Array> {
  return encodeHistory({ gatewayId, ...(await history.packHistory(requestOf(asked))) });
}

function requestOf({ fromMs, resolution, series, toMs }: perigee.v1.HistoryRange.$Properties): PackRequest {
  const known = RESOLUTIONS.find((each) => each === resolution);
  if (known === undefined) {
    const cure = `Ask for one of ${RESOLUTIONS.join(', ')}.`;
    throw new PerigeeError('usage', `there is no resolution "${resolution ?? ''}"`, cure);
  }
  return {
    ...{ series: series ?? [], fromMs: fromMs ?? 0, toMs: toMs ?? 0, resolution: known },
    limits: HISTORY_LIMITS,
  };
}

async function seriesList(control: Pick<GatewayControl, 'latest'>): Promise<Uint8Array> {
  const newest = (await control.latest()).map(({ series, value }) => ({
    ...{ series: seriesKey(series), value, unit: series.unit },
  }));
  return perigee.v1.SeriesList.encode({ newest }).finish();
}

function tooMuch(): PerigeeError {
  const cure = 'Ask for a shorter range, or for minutes or hours.';
  return new PerigeeError('usage', 'this is more than one snapshot takes', cure);
}
