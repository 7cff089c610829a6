import assert from 'node:assert/strict';
import { perigee } from '@perigee/proto';
import type { HostFrameShape } from './support-qemu.js';
import { random32 } from '../support/random.js';

const { Unit } = perigee.v1;

export const SENSORS = [
  { sensor: 3, name: 'memory_available', unit: Unit.UNIT_BYTES },
  { sensor: 7, name: 'cpu_busy', unit: Unit.UNIT_PERCENT },
  { sensor: 9, name: 'cpu_temperature', unit: Unit.UNIT_CELSIUS },
  { sensor: 1, name: 'load_1m', unit: Unit.UNIT_NONE },
];
export const WINDOW_MS = 1000;
export const FEED: HostFrameShape = { feed: { windowMs: WINDOW_MS, sensors: SENSORS } };

export interface Sense {
  readonly monotonicUs: number;
  readonly readings: readonly { readonly sensor: number; readonly value: number }[];
}

/** Readings as a busy host gives them: large and hardly moving, jumping, and small; about ten a second. */
export function makeSenses(count: number): Sense[] {
  const random = random32(42);
  const unit = (): number => random() / 2 ** 32;
  let monotonicUs = 1_000_000_000;
  return Array.from({ length: count }, () => {
    monotonicUs += 95_000 + Math.floor(unit() * 10_000);
    const values = [4e9 + Math.floor(unit() * 4096), unit() * 100, 48 + unit(), unit() * 4];
    const readings = SENSORS.map(({ sensor }, index) => ({ sensor, value: values[index] ?? 0 }));
    return { monotonicUs, readings };
  });
}

/** What a window should be, computed from all of its readings at once. */
export function windowsOf(senses: readonly Sense[]): Sense[][] {
  const windows: Sense[][] = [];
  let current: Sense[] = [];
  let start = senses[0]?.monotonicUs ?? 0;
  for (const sense of senses) {
    current.push(sense);
    if (sense.monotonicUs < start + WINDOW_MS * 1000) continue;
    windows.push(current);
    current = [];
    start += WINDOW_MS * 1000;
  }
  return windows;
}

export interface Statistics {
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  readonly stddev: number;
  readonly rate: number;
}

export function statisticsOf(window: readonly Sense[], sensor: number): Statistics {
  const values = window.map(
    ({ readings }) => readings.find((reading) => reading.sensor === sensor)?.value ?? NaN,
  );
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  const seconds = ((window.at(-1)?.monotonicUs ?? 0) - (window[0]?.monotonicUs ?? 0)) / 1e6;
  return {
    mean,
    min: Math.min(...values),
    max: Math.max(...values),
    stddev: Math.sqrt(variance),
    rate: ((values.at(-1) ?? 0) - (values[0] ?? 0)) / seconds,
  };
}

/** Ten digits of doubles that came by another order of additions. */
function assertClose(actual: number, expected: number, scale: number, what: string): void {
  assert.ok(
    Math.abs(actual - expected) <= 1e-10 * Math.max(Math.abs(scale), 1),
    `${what}: ${actual}, not ${expected}`,
  );
}

/** The metrics of a sensor, in the order of their numbers. */
export const KINDS = ['mean', 'min', 'max', 'stddev', 'rate'] as const;

export function assertStatistics(
  values: ReadonlyMap<string, number>,
  name: string,
  expected: Statistics,
): void {
  const actual = (kind: keyof Statistics): number => values.get(`${name}_${kind}`) ?? NaN;
  assert.equal(actual('min'), expected.min);
  assert.equal(actual('max'), expected.max);
  assertClose(actual('mean'), expected.mean, expected.mean, `${name}_mean`);
  assertClose(actual('rate'), expected.rate, expected.rate, `${name}_rate`);
  assertClose(actual('stddev'), expected.stddev, expected.stddev, `${name}_stddev`);
}
