import type { Position, RunId } from '../domain/index.js';
import { ShapeIndex } from './shapes.js';

/** An observation whose series have their numbers. */
export interface Row {
  readonly monotonicUs: number;
  readonly wallMs: number;
  readonly runId: RunId | undefined;
  readonly seriesIds: readonly number[];
  /** In step with the series. */
  readonly values: readonly number[];
}

export interface PlacedRow extends Row {
  readonly position: Position;
}

/** Observations that name the same series in the same order; their values row by row. */
export interface Shape {
  readonly seriesIds: readonly number[];
  readonly monotonicUs: number[];
  readonly wallMs: number[];
  readonly runIds: (RunId | undefined)[];
  readonly values: number[];
}

/** Observations of one epoch, without a gap, before they become bytes; also what those bytes become again. */
export class OpenBlock {
  readonly epoch: number;
  /** The sequence of the first observation. */
  readonly first: number;
  readonly #index = new ShapeIndex();
  readonly #shapes: Shape[] = [];
  /** The shape of each observation. */
  readonly #order: number[] = [];
  #samples = 0;

  constructor({ epoch, sequence }: Position) {
    this.epoch = epoch;
    this.first = sequence;
  }

  get count(): number {
    return this.#order.length;
  }

  get samples(): number {
    return this.#samples;
  }

  /** Where the block ends; before its first observation while it is empty. */
  get end(): Position {
    return { epoch: this.epoch, sequence: this.first + this.count - 1 };
  }

  get shapes(): readonly Shape[] {
    return this.#shapes;
  }

  get order(): readonly number[] {
    return this.#order;
  }

  add({ monotonicUs, wallMs, runId, seriesIds, values }: Row): void {
    const number = this.#index.find(seriesIds) ?? this.#index.add(seriesIds);
    const shape = (this.#shapes[number] ??= {
      seriesIds,
      ...{ monotonicUs: [], wallMs: [], runIds: [], values: [] },
    });
    shape.monotonicUs.push(monotonicUs);
    shape.wallMs.push(wallMs);
    shape.runIds.push(runId);
    for (const value of values) shape.values.push(value);
    this.#order.push(number);
    this.#samples += values.length;
  }
}

/** Of a block that is open, or was read again: its rows in order, those behind the sequence `after`. */
export function rowsOf(
  block: Pick<OpenBlock, 'epoch' | 'first' | 'order' | 'shapes'>,
  after: number,
): PlacedRow[] {
  const { epoch, first, order, shapes } = block;
  const cursors = new Array<number>(shapes.length).fill(0);
  const rows: PlacedRow[] = [];
  for (const [index, number] of order.entries()) {
    const at = cursors[number] ?? 0;
    cursors[number] = at + 1;
    const shape = shapes[number];
    if (shape === undefined || first + index <= after) continue;
    const { seriesIds } = shape;
    rows.push({
      position: { epoch, sequence: first + index },
      monotonicUs: shape.monotonicUs[at] ?? 0,
      wallMs: shape.wallMs[at] ?? 0,
      runId: shape.runIds[at],
      seriesIds,
      values: shape.values.slice(at * seriesIds.length, (at + 1) * seriesIds.length),
    });
  }
  return rows;
}
