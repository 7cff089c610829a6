import { perigee } from '@perigee/proto';
import { assert, seriesKey, unitToWire } from '../domain/index.js';
import type { GatewayId, Position, RunChange, StoredObservation } from '../domain/index.js';
import { wireRun } from './wire-run.js';

/** Some minutes of a busy gateway; about 60 kB, which a slow link carries within the request's time limit. */
export const BATCH_OBSERVATIONS_MAX = 500;
/** Bounds the memory that a batch takes: at nine bytes a sample it stays far below the 1 MiB that proxies allow. */
export const BATCH_SAMPLES_MAX = 10_000;
/** About 1.5 kB each. */
export const BATCH_RUNS_MAX = 50;

/** What one request carries. `observations` are of one epoch, without a gap, and follow `after` in the store. */
export interface Batch {
  readonly gatewayId: GatewayId;
  readonly after: Position;
  readonly observations: readonly StoredObservation[];
  /** In the order of their changes. */
  readonly runs: readonly RunChange[];
}

/** The last position in the batch; for one that carries runs alone, where it stands. */
export function endOf(batch: Batch): Position {
  return batch.observations.at(-1)?.position ?? batch.after;
}

export function countSamples(observations: readonly StoredObservation[]): number {
  return observations.reduce((sum, one) => sum + one.samples.length, 0);
}

/**
 * Whether `next` may join a batch that has `samples` samples and ends with `last`. A batch ends at a change of epoch,
 * at a gap in the sequence, and at its limit; the first observation always fits, however large.
 */
export function fits(last: StoredObservation | undefined, samples: number, next: StoredObservation): boolean {
  if (last === undefined) return true;
  const follows =
    next.position.epoch === last.position.epoch && next.position.sequence === last.position.sequence + 1;
  return follows && samples + next.samples.length <= BATCH_SAMPLES_MAX;
}

/** A perigee.v1.Batch. Each series is described once, in the order of its first sample. */
export function encodeBatch(batch: Batch): Uint8Array {
  const series = new Map<string, perigee.v1.Series.$Properties>();
  const idOf = (sample: StoredObservation['samples'][number]): number => {
    const key = `${sample.series.unit} ${seriesKey(sample.series)}`;
    const id = series.get(key)?.id ?? series.size + 1;
    if (id > series.size) series.set(key, { id, ...wireSeries(sample.series) });
    return id;
  };
  const observations = batch.observations.map((one) => ({
    sequence: one.position.sequence,
    monotonicUs: one.monotonicUs,
    wallMs: one.wallMs,
    runId: one.runId ?? '',
    seriesIds: one.samples.map(idOf),
    values: one.samples.map((sample) => sample.value),
  }));
  return perigee.v1.Batch.encode({
    gatewayId: batch.gatewayId,
    epoch: endOf(batch).epoch,
    series: [...series.values()],
    observations,
    runs: batch.runs.map(({ run }) => wireRun(run)),
    lostBefore: lostBefore(batch),
    afterEpoch: batch.after.epoch,
    afterSequence: batch.after.sequence,
  }).finish();
}

function wireSeries(series: StoredObservation['samples'][number]['series']): perigee.v1.Series.$Properties {
  return {
    name: series.name,
    unit: unitToWire(series.unit),
    labels: { ...series.labels },
  };
}

/** How many sequences between `after` and the first observation the store no longer has; each epoch starts at 1. */
function lostBefore({ after, observations: [first] }: Batch): number {
  if (first === undefined) return 0;
  const before = first.position.epoch === after.epoch ? after.sequence : 0;
  assert(first.position.sequence > before, 'a batch lies behind its cursor');
  return first.position.sequence - before - 1;
}
