import type { RunId } from './ids.js';

/** The units that a value can have. A unit's place is its number in `enum Unit` of proto/perigee/v1/guest.proto. */
export const UNITS = [
  'none',
  'bytes',
  'percent',
  'celsius',
  'milliseconds',
  'seconds',
  'count',
  'bytes-per-second',
  'percent-per-second',
  'celsius-per-second',
  'per-second',
  'pascals',
  'volts',
  'amperes',
  'watts',
  'lux',
] as const;

export type Unit = (typeof UNITS)[number];

export function unitToWire(unit: Unit): number {
  return UNITS.indexOf(unit);
}

/** Undefined for a number that a newer schema may know. */
export function unitFromWire(number: number): Unit | undefined {
  return UNITS[number];
}

/** What is measured. Identity is name and labels; a series never changes its unit. */
export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly unit: Unit;
}

export interface Sample {
  readonly series: Series;
  readonly value: number;
}

/** Samples that one source took at one instant. */
export interface Observation {
  /** The gateway's monotonic clock, microseconds. Orders observations within an epoch; means nothing across epochs. */
  readonly monotonicUs: number;
  /** Unix time, milliseconds, as the gateway believed it: an attribute, never an order. */
  readonly wallMs: number;
  readonly runId?: RunId;
  readonly samples: readonly Sample[];
}

/** A place in the store's total order. An epoch is one opening of the store; sequences start at 1 in each. */
export interface Position {
  readonly epoch: number;
  readonly sequence: number;
}

export interface StoredObservation extends Observation {
  readonly position: Position;
}

export const BEFORE_EVERYTHING: Position = { epoch: 0, sequence: 0 };

export function comparePositions(a: Position, b: Position): number {
  return a.epoch - b.epoch || a.sequence - b.sequence;
}

/** What JSON leaves as it is, and a terminal may obey. */
const CONTROLS = /\p{Cc}/gu;

/** Printable, whatever is in it: as JSON has it, or more of it escaped. */
function quoted(text: string): string {
  return JSON.stringify(text).replace(
    CONTROLS,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** `memory_available_mean{image="hostsense"}`: one text per series identity, and one line. */
export function seriesKey(series: Pick<Series, 'name' | 'labels'>): string {
  const names = Object.keys(series.labels).sort();
  if (names.length === 0) return series.name;
  return `${series.name}{${names.map((name) => `${name}=${quoted(series.labels[name] ?? '')}`).join(',')}}`;
}
