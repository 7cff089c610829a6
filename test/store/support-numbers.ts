import { random } from '../support/random.js';

/** What is easily got wrong by something that scales, subtracts and packs. */
export const ODD_NUMBERS: readonly number[] = [
  ...[0, -0, 1, -1, 0.1, -0.1, 0.1 + 0.2, 1 / 3, 48.25, 1e-9, 1e-10, 123_456_789.123_456],
  ...[2 ** 31, 2 ** 32, -(2 ** 33), 2 ** 49, 2 ** 49 + 1, -(2 ** 49), 2 ** 53, 2 ** 53 + 2, -(2 ** 53)],
  ...[1e21, 1e-300, 5e-324, Number.MAX_VALUE, -Number.MAX_VALUE, Number.MAX_SAFE_INTEGER],
];

/** Columns as they come: rounded, counted, constant, rough, odd, and mixtures. */
export function columns(count: number): Readonly<Record<string, readonly number[]>> {
  const chance = random(1);
  const make = (next: (at: number) => number): readonly number[] =>
    Array.from({ length: count }, (_, at) => next(at));
  const odd = (at: number): number => ODD_NUMBERS[at % ODD_NUMBERS.length] ?? 0;
  return {
    rounded: make(() => Math.round(chance() * 1e4) / 100),
    counted: make((at) => 1e9 + at * 1000 + Math.floor(chance() * 10)),
    falling: make((at) => -at * at),
    constant: make(() => 36.6),
    rough: make(() => chance()),
    'rounded with an exception': make((at) => (at === count - 1 ? Math.PI : at / 10)),
    'of growing precision': make((at) => Number(chance().toFixed(at % 10))),
    wide: make(() => Math.floor((chance() - 0.5) * 2 ** 49)),
    odd: make(odd),
  };
}
