import type { Position, RunId } from '../../domain/index.js';

/** An observation whose series have their numbers. */
export interface Row {
  readonly monotonicUs: number;
  readonly wallMs: number;
  readonly runId: RunId | undefined;
  readonly seriesIds: readonly number[];
  /** In step with the series. */
  readonly values: Float64Array;
}

export interface PlacedRow extends Row {
  readonly position: Position;
}
