import type { HistoryPoint, Series } from '../domain/index.js';

export const EXPORT_FORMATS = ['csv', 'jsonl', 'parquet'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** What an export has; points come series by series, each in the order of time. */
export interface ExportShape {
  readonly series: readonly Series[];
  /** A point is a sample, and has a value; else what is told of many. */
  readonly isRaw: boolean;
  /** It was named, so that no row need say which it is. */
  readonly isOne: boolean;
}

export interface Sink {
  begin(): Promise<void>;
  add(series: Series, points: readonly HistoryPoint[]): Promise<void>;
  end(): Promise<void>;
}

export type WritePiece = (piece: string | Uint8Array) => Promise<void>;

/** What a column of a point is, where it is no sample. Of the sum, twelve digits are no noise. */
export function statisticsOf({ count, sum, least, most, last }: HistoryPoint): readonly number[] {
  return [count, Number((sum / count).toPrecision(12)), least, most, last];
}
