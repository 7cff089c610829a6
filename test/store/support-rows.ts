import { parseRunId } from '../../src/domain/index.js';
import type { PlacedRow } from '../../src/store/series/row.js';
import { random } from '../support/random.js';
import { ODD_NUMBERS } from './support-numbers.js';

type Told = Partial<Omit<PlacedRow, 'position' | 'values'> & { readonly values: readonly number[] }>;

function rows(count: number, tell: (at: number) => Told): readonly PlacedRow[] {
  return Array.from({ length: count }, (_, at) => {
    const { values = [at], ...told } = tell(at);
    return {
      ...{ monotonicUs: 5e9 + at * 1e6, wallMs: 1_700_000_000_000 + at * 1000, runId: undefined },
      ...{ seriesIds: [1], values: Float64Array.from(values), position: { epoch: 3, sequence: 7 + at } },
      ...told,
    };
  });
}

const chance = random(11);
const RUNS = ['00000000000000ab', 'ffffffffffffffff'].map(parseRunId);
const SIXTY = Array.from({ length: 60 }, (_, index) => index + 1);

/** Observations as they come, each set without a gap. */
export const ROW_SETS: Readonly<Record<string, readonly PlacedRow[]>> = {
  'one source': rows(40, () => ({})),
  'two sources': rows(60, (at) =>
    at % 3 === 0
      ? { seriesIds: [9, 2, 5], values: [at / 10, -at, 1 / (at + 1)], runId: RUNS[0] }
      : { monotonicUs: 5e9 + at * 1e6 - Math.floor(chance() * 5000), runId: at > 20 ? RUNS[1] : undefined },
  ),
  'sixty series': rows(300, (at) => ({
    seriesIds: SIXTY,
    values: SIXTY.map((id) => Math.round((id + Math.sin(at / 9) + chance()) * 100) / 100),
  })),
  'nothing measured': rows(5, () => ({ seriesIds: [], values: [] })),
  'a shape for each': rows(30, (at) => ({ seriesIds: [at + 1, 1000 - at], values: [at, -at] })),
  'odd numbers': rows(3 * ODD_NUMBERS.length, (at) => ({
    values: [ODD_NUMBERS[at % ODD_NUMBERS.length] ?? 0],
  })),
  'clocks that jump': rows(12, (at) => ({
    monotonicUs: at % 2 === 0 ? 2 ** 50 - at : at,
    wallMs: [-(2 ** 50), 2 ** 50, 0, 1_700_000_000_000][at % 4] ?? 0,
    runId: RUNS[at % 3],
  })),
};
