import { perigee } from '@perigee/proto';
import { isRunId, unitFromWire, unitToWire } from '../../domain/index.js';
import type { LatestSample, Series } from '../../domain/index.js';
import { isTime } from './ledger.js';
import type { Row } from './row.js';

export function encodeSeries(id: number, { name, unit, labels }: Series): Uint8Array {
  return perigee.v1.Series.encode({ id, name, unit: unitToWire(unit), labels }).finish();
}

export function decodeSeries(bytes: Uint8Array): Series | undefined {
  const message = decoded(bytes, perigee.v1.Series);
  if (message === undefined || message.name === '') return undefined;
  const unit = unitFromWire(message.unit);
  return unit && { name: message.name, unit, labels: { ...message.labels } };
}

/** What format 2 kept of an observation. */
export function decodeRow(bytes: Uint8Array): Row | undefined {
  const message = decoded(bytes, perigee.v1.Observation);
  if (message?.seriesIds.length !== message?.values.length) return undefined;
  if (message === undefined || (message.runId !== '' && !isRunId(message.runId))) return undefined;
  const { monotonicUs, wallMs, runId, seriesIds } = message;
  if (!isTime(monotonicUs) || !isTime(wallMs)) return undefined;
  const values = Float64Array.from(message.values);
  return { monotonicUs, wallMs, runId: runId === '' ? undefined : runId, seriesIds, values };
}

/** A row of one value, with no monotonic time. */
export function encodeLatest(id: number, { wallMs, runId, value }: LatestSample): Uint8Array {
  const message = { wallMs, runId: runId ?? '', seriesIds: [id], values: [value] };
  return perigee.v1.Observation.encode(message).finish();
}

function decoded<T>(bytes: Uint8Array, message: { decode(bytes: Uint8Array): T }): T | undefined {
  try {
    return message.decode(bytes);
  } catch {
    // It has no other way to say that the bytes are no message.
    return undefined;
  }
}
