import type { Position, RunId } from '../../domain/index.js';
import type { PlacedRow, Row } from '../series/row.js';
import { ShapeIndex } from '../series/shapes.js';

/** Observations that name the same series in the same order. */
export interface Shape {
  readonly seriesIds: readonly number[];
  readonly monotonicUs: readonly number[];
  readonly wallMs: readonly number[];
  readonly runIds: readonly (RunId | undefined)[];
  /** Row by row; there may be room for more behind the last row. */
  readonly values: Float64Array;
}

interface GrowingShape extends Shape {
  readonly monotonicUs: number[];
  readonly wallMs: number[];
  readonly runIds: (RunId | undefined)[];
  values: Float64Array;
}

/** Of a shape at first; it doubles from there. */
const ROOM_ROWS = 16;

/** Observations of one epoch, without a gap, before they become bytes; also what those bytes become again. */
export class OpenBlock {
  readonly epoch: number;
  /** The sequence of the first observation. */
  readonly first: number;
  readonly #index = new ShapeIndex();
  readonly #shapes: GrowingShape[] = [];
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
      ...{ monotonicUs: [], wallMs: [], runIds: [], values: new Float64Array(ROOM_ROWS * values.length) },
    });
    const at = shape.wallMs.length * values.length;
    if (at === shape.values.length) shape.values = doubled(shape.values);
    shape.values.set(values, at);
    shape.monotonicUs.push(monotonicUs);
    shape.wallMs.push(wallMs);
    shape.runIds.push(runId);
    this.#order.push(number);
    this.#samples += values.length;
  }
}

function doubled(values: Float64Array): Float64Array {
  const larger = new Float64Array(2 * values.length);
  larger.set(values);
  return larger;
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
      values: shape.values.subarray(at * seriesIds.length, (at + 1) * seriesIds.length),
    });
  }
  return rows;
}
