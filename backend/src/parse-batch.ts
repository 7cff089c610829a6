import { perigee } from '@perigee/proto';
import {
  BATCH_CURE,
  checkedContent,
  checkedCount,
  checkedId,
  checkedInteger,
  checkedText,
  demand,
} from './checks.js';
import { Refusal } from './errors.js';
import {
  BATCH_OBSERVATIONS_MAX,
  BATCH_RUNS_MAX,
  BATCH_SAMPLES_MAX,
  BATCH_SERIES_MAX,
  EPOCH_MAX,
  LABEL_NAME_MAX,
  LABEL_VALUE_MAX,
  LABELS_MAX,
  SERIES_NAME_MAX,
} from './limits.js';
import { parseRun } from './parse-run.js';
import type { ParsedRun } from './parse-run.js';

export interface ParsedSeries {
  readonly name: string;
  /** The wire number: enums are open, so a unit that this backend does not know is kept. */
  readonly unit: number;
  readonly labels: Readonly<Record<string, string>>;
}

export interface ParsedObservation {
  readonly sequence: number;
  readonly monotonicUs: number;
  readonly wallMs: number;
  readonly runId: string | undefined;
  /** Places in the batch's series, in step with `values`. */
  readonly places: readonly number[];
  readonly values: readonly number[];
}

/** A batch that may be applied as it is. At least one observation or run is in it. */
export interface ParsedBatch {
  readonly gatewayId: string;
  readonly epoch: number;
  /** Sequences right before the first observation that no longer exist anywhere. */
  readonly lostBefore: number;
  /** What the gateway takes for held; sequence 0 for nothing. */
  readonly after: { readonly epoch: number; readonly sequence: number };
  readonly series: readonly ParsedSeries[];
  readonly observations: readonly ParsedObservation[];
  readonly runs: readonly ParsedRun[];
}

type Wire<T extends { create: (properties?: never) => unknown }> = ReturnType<T['create']>;
type WireBatch = Wire<typeof perigee.v1.Batch>;

/**
 * Turns a request body into a batch, or throws a Refusal (400) that says what is wrong with it.
 *
 * Values may be NaN or infinite: a guest may measure such, and a gateway could do nothing but send them again.
 */
export function parseBatch(bytes: Uint8Array): ParsedBatch {
  const wire = decode(bytes);
  checkedCount(wire.series, BATCH_SERIES_MAX, 'series');
  checkedCount(wire.observations, BATCH_OBSERVATIONS_MAX, 'observations');
  checkedCount(wire.runs, BATCH_RUNS_MAX, 'runs');
  demand(wire.observations.length + wire.runs.length > 0, 'the batch has neither observations nor runs');
  const observations = parseObservations(wire);
  return {
    gatewayId: checkedId(wire.gatewayId, 'gateway_id'),
    epoch: checkedInteger(wire.epoch, observations.length > 0 ? 1 : 0, EPOCH_MAX, 'epoch'),
    lostBefore: checkedInteger(
      wire.lostBefore,
      0,
      Math.max(0, (observations[0]?.sequence ?? 1) - 1),
      'lost_before',
    ),
    after: {
      epoch: checkedInteger(wire.afterEpoch, 0, EPOCH_MAX, 'after_epoch'),
      sequence: checkedInteger(wire.afterSequence, 0, Number.MAX_SAFE_INTEGER, 'after_sequence'),
    },
    series: wire.series.map(parseSeries),
    observations,
    runs: wire.runs.map(parseRun),
  };
}

function decode(bytes: Uint8Array): WireBatch {
  try {
    return perigee.v1.Batch.decode(bytes);
  } catch {
    // The decoder's own words ("index out of range") would tell an operator nothing.
    throw new Refusal(400, 'the body is no protobuf batch, or it is cut short', BATCH_CURE);
  }
}

function parseSeries(wire: perigee.v1.Series.$Properties): ParsedSeries {
  const name = checkedText(wire.name ?? '', SERIES_NAME_MAX, 'a series name');
  demand(name !== '', 'a series has no name');
  const labels = Object.entries(wire.labels ?? {});
  checkedCount(labels, LABELS_MAX, `labels of series ${name}`);
  for (const [label, value] of labels) {
    checkedText(label, LABEL_NAME_MAX, `a label's name of series ${name}`);
    checkedContent(value, LABEL_VALUE_MAX, `label ${label} of series ${name}`);
  }
  return { name, unit: checkedInteger(wire.unit ?? 0, 0, 255, 'a unit'), labels: Object.fromEntries(labels) };
}

function placesById(series: WireBatch['series']): ReadonlyMap<number, number> {
  const places = new Map(series.map((one, place) => [one.id ?? 0, place]));
  demand(places.size === series.length, 'two series have the same id');
  return places;
}

function parseObservations(wire: WireBatch): readonly ParsedObservation[] {
  const places = placesById(wire.series);
  let previous = 0;
  let samples = 0;
  return wire.observations.map((one) => {
    const observation = parseObservation(one, places);
    demand(observation.sequence > previous, 'sequences do not increase');
    previous = observation.sequence;
    samples += observation.values.length;
    demand(samples <= BATCH_SAMPLES_MAX, `the batch has more than ${BATCH_SAMPLES_MAX} samples`);
    return observation;
  });
}

function parseObservation(
  wire: perigee.v1.Observation.$Properties,
  places: ReadonlyMap<number, number>,
): ParsedObservation {
  const ids = wire.seriesIds ?? [];
  const values = wire.values ?? [];
  demand(ids.length === values.length, 'an observation has more series than values, or fewer');
  return {
    sequence: checkedInteger(wire.sequence ?? 0, 1, Number.MAX_SAFE_INTEGER - 1, 'a sequence'),
    monotonicUs: checkedInteger(wire.monotonicUs ?? 0, 0, Number.MAX_SAFE_INTEGER, 'monotonic_us'),
    wallMs: checkedInteger(wire.wallMs ?? 0, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, 'wall_ms'),
    runId: wire.runId ? checkedId(wire.runId, 'run_id') : undefined,
    places: ids.map((id) => {
      const place = places.get(id);
      demand(place !== undefined, `an observation names series ${id}, which the batch does not describe`);
      return place;
    }),
    values,
  };
}
