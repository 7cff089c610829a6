import { perigee } from '@perigee/proto';
import { unitFromWire, unitToWire } from '../domain/index.js';
import type { LatestSample, Observation, RunId, Sample, Series } from '../domain/index.js';

export function encodeSeries(id: number, { name, unit, labels }: Series): Uint8Array {
  return perigee.v1.Series.encode({ id, name, unit: unitToWire(unit), labels }).finish();
}

export function decodeSeries(bytes: Uint8Array): Series | undefined {
  const message = decoded(bytes, perigee.v1.Series);
  if (message === undefined || message.name === '') return undefined;
  const unit = unitFromWire(message.unit);
  return unit && { name: message.name, unit, labels: { ...message.labels } };
}

/** `seriesIds` in step with the samples. */
export function encodeObservation(
  sequence: number,
  observation: Observation,
  seriesIds: readonly number[],
): Uint8Array {
  const { monotonicUs, wallMs, samples } = observation;
  const values = samples.map((sample) => sample.value);
  const message = {
    sequence,
    monotonicUs,
    wallMs,
    runId: observation.runId ?? '',
    seriesIds: [...seriesIds],
    values,
  };
  return perigee.v1.Observation.encode(message).finish();
}

/** `undefined` also when a series is unknown. */
export function decodeObservation(
  bytes: Uint8Array,
  seriesOf: (id: number) => Series | undefined,
): Observation | undefined {
  const message = decoded(bytes, perigee.v1.Observation);
  if (message === undefined) return undefined;
  const { monotonicUs, wallMs, runId, seriesIds, values } = message;
  const samples: Sample[] = [];
  for (const [index, id] of seriesIds.entries()) {
    const series = seriesOf(id);
    const value = values[index];
    if (series === undefined || value === undefined) return undefined;
    samples.push({ series, value });
  }
  return { monotonicUs, wallMs, samples, ...(runId === '' ? {} : { runId: runId as RunId }) };
}

export function encodeLatest(id: number, { wallMs, runId, value }: LatestSample): Uint8Array {
  return perigee.v1.Observation.encode({
    wallMs,
    runId: runId ?? '',
    seriesIds: [id],
    values: [value],
  }).finish();
}

function decoded<T>(bytes: Uint8Array, message: { decode(bytes: Uint8Array): T }): T | undefined {
  try {
    return message.decode(bytes);
  } catch {
    // It has no other way to say that the bytes are no message.
    return undefined;
  }
}
