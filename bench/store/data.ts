import type { Observation, Series } from '../../src/domain/index.js';
import { random } from '../../test/support/random.js';

export const SERIES_COUNT = 60;
export const DAY_SECONDS = 86_400;
/** Of the board in the bench: it began on a November evening. */
export const START_MS = 1_700_000_000_000;
const SEED = 1;

/** What a board measures at 1 Hz: the same on every run. */
interface Source {
  readonly series: Series;
  readonly next: (second: number) => number;
}

/** Observations of all series, a second each: wandering loads and temperatures, memory in pages, counters, states. */
export function* observations(seconds: number): Generator<Observation, undefined> {
  const chance = random(SEED);
  const sources = makeSources(chance);
  for (let second = 0; second < seconds; second += 1) {
    // Timers are late by some microseconds.
    const monotonicUs = 60e6 + second * 1e6 + Math.floor(chance() * 400);
    const samples = sources.map(({ series, next }) => ({ series, value: next(second) }));
    yield { monotonicUs, wallMs: START_MS + Math.floor(monotonicUs / 1000), samples };
  }
  return undefined;
}

function makeSources(chance: () => number): readonly Source[] {
  const kinds = [12, 12, 12, 12, 6, 6].flatMap((count, kind) => new Array<number>(count).fill(kind));
  return kinds.map((kind, index) => {
    const unit = (['percent', 'bytes', 'celsius', 'count', 'none', 'count'] as const)[kind] ?? 'none';
    const series = { name: `bench_${index}`, labels: { image: 'bench' }, unit };
    return { series, next: MAKERS[kind]?.(chance) ?? (() => 0) };
  });
}

const hundredths = (value: number): number => Math.round(value * 100) / 100;

const MAKERS: readonly ((chance: () => number) => Source['next'])[] = [
  // CPU time, percent.
  (chance) => {
    let value = 5 + chance() * 30;
    return () => {
      value = Math.min(100, Math.max(0, value + normal(chance) * 0.8 + (15 - value) * 0.05));
      return hundredths(value);
    };
  },
  // Memory in pages.
  (chance) => {
    let pages = 5000 + Math.floor(chance() * 20_000);
    return () => {
      if (chance() < 0.15) pages += Math.round(normal(chance) * 6);
      return pages * 4096;
    };
  },
  // Temperature.
  (chance) => {
    let value = 35 + chance() * 20;
    return () => hundredths((value += normal(chance) * 0.06));
  },
  // Bytes sent since the boot.
  (chance) => {
    let value = Math.floor(chance() * 1e9);
    const rate = 100 + chance() * 3000;
    return () => (value += Math.max(0, Math.round(rate + normal(chance) * rate * 0.1)));
  },
  // Load, new every five seconds.
  (chance) => {
    let value = chance();
    return (second) => {
      if (second % 5 === 0) value = Math.max(0, value * 0.92 + chance() * 0.1);
      return hundredths(value);
    };
  },
  // Processes.
  (chance) => {
    const value = Math.floor(chance() * 8);
    return () => (chance() < 0.98 ? value : value + 1);
  },
];

/** About normal: the sum of six. */
function normal(chance: () => number): number {
  let sum = 0;
  for (let count = 0; count < 6; count += 1) sum += chance();
  return (sum - 3) * Math.SQRT2;
}
