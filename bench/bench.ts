/** What a bench found: names end in their unit. */
export type Figures = Readonly<Record<string, number | string>>;

export interface BenchOptions {
  /** Ends within 50 seconds. */
  readonly quick: boolean;
  /** A line of progress. */
  readonly say: (line: string) => void;
}

export type Bench = (options: BenchOptions) => Promise<Figures>;

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The nearest rank; NaN of nothing. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? NaN;
}

/** Three significant digits: more would claim a precision that a shared machine does not have. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
