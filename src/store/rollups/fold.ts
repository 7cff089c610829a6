import { OpenBlock } from '../blocks/open-block.js';
import { STATISTICS, STRIDE, statisticId } from '../blocks/statistics.js';
import type { PlacedRow } from '../series/row.js';
import { ShapeIndex } from '../series/shapes.js';

/** Of a sum: what floating point adds beyond them is noise, and costs eight bytes. */
const SUM_DIGITS = 12;

interface Bucket {
  readonly startUs: number;
  /** As the gateway believed it, at the bucket's start. */
  readonly wallMs: number;
  readonly values: number[];
}

/** Folds observations of one epoch into buckets of monotonic time, a row for each shape and bucket. */
export class Fold {
  readonly #bucketUs: number;
  readonly #shapes = new ShapeIndex();
  readonly #buckets: Map<number, Bucket>[] = [];
  readonly #ids: number[][] = [];

  constructor(bucketUs: number) {
    this.#bucketUs = bucketUs;
  }

  /** An observation. */
  add({ monotonicUs, wallMs, seriesIds, values }: PlacedRow): void {
    const ids = (): number[] =>
      seriesIds.flatMap((id) => STATISTICS.map((_, statistic) => statisticId(id, statistic)));
    const bucket = this.#bucketOf(seriesIds, ids, monotonicUs, wallMs);
    for (let at = 0; at < values.length; at += 1) {
      const value = values[at] ?? 0;
      merge(bucket.values, at * STRIDE, 1, value, value, value, value);
    }
  }

  /** A row of finer buckets. */
  addFolded({ monotonicUs, wallMs, seriesIds, values }: PlacedRow): void {
    const bucket = this.#bucketOf(seriesIds, () => [...seriesIds], monotonicUs, wallMs);
    for (let at = 0; at < values.length; at += STRIDE) {
      const [count = 0, sum = 0, least = 0, most = 0, last = 0] = values.slice(at, at + STRIDE);
      merge(bucket.values, at, count, sum, least, most, last);
    }
  }

  /** As a block whose place is that of the first observation in it; undefined for nothing. */
  toBlock(place: PlacedRow['position']): OpenBlock | undefined {
    const block = new OpenBlock(place);
    for (const [shape, buckets] of this.#buckets.entries()) {
      const seriesIds = this.#ids[shape] ?? [];
      for (const { startUs, wallMs, values } of buckets.values()) {
        const rounded = Float64Array.from(values, (value, at) =>
          at % STRIDE === 1 ? Number(value.toPrecision(SUM_DIGITS)) : value,
        );
        block.add({ monotonicUs: startUs, wallMs, runId: undefined, seriesIds, values: rounded });
      }
    }
    return block.count === 0 ? undefined : block;
  }

  #bucketOf(seriesIds: readonly number[], ids: () => number[], monotonicUs: number, wallMs: number): Bucket {
    let shape = this.#shapes.find(seriesIds);
    if (shape === undefined) {
      shape = this.#shapes.add(seriesIds);
      this.#ids.push(ids());
      this.#buckets.push(new Map());
    }
    const startUs = Math.floor(monotonicUs / this.#bucketUs) * this.#bucketUs;
    const known = this.#buckets[shape]?.get(startUs);
    if (known !== undefined) return known;
    const bucket = {
      startUs,
      wallMs: wallMs - Math.floor((monotonicUs - startUs) / 1000),
      values: (this.#ids[shape] ?? []).map(() => 0),
    };
    this.#buckets[shape]?.set(startUs, bucket);
    return bucket;
  }
}

function merge(
  values: number[],
  at: number,
  count: number,
  sum: number,
  least: number,
  most: number,
  last: number,
): void {
  const before = values[at] ?? 0;
  values[at] = before + count;
  values[at + 1] = (values[at + 1] ?? 0) + sum;
  values[at + 2] = before === 0 ? least : Math.min(values[at + 2] ?? 0, least);
  values[at + 3] = before === 0 ? most : Math.max(values[at + 3] ?? 0, most);
  values[at + 4] = last;
}
