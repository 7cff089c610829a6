import type { Slice } from '@perigee/columns';
import type { Position } from '../../domain/index.js';
import { decodeColumns, decodeMonotonic } from './block-codec.js';
import type { BlockHeader } from './block-codec.js';

export interface FoundBlock {
  readonly place: Position;
  readonly header: BlockHeader;
}

/** Columns that follow one another in a block, by the first's number. */
export interface WantedColumns {
  readonly first: number;
  readonly columns: number;
}

export interface Plan {
  readonly block: FoundBlock;
  readonly shape: number;
  readonly part: number;
  /** Counted through all shapes: the first of the part, and the first that is wanted. */
  readonly firstInPart: number;
  readonly from: number;
}

/** Where the wanted columns of a block are: columns that belong together are in one part. */
export function plansFor(block: FoundBlock, { first }: WantedColumns): Plan[] {
  const { firstColumns, shapes } = block.header;
  let before = 0;
  return shapes.flatMap(({ seriesIds }, shape): Plan[] => {
    const place = seriesIds.indexOf(first);
    const from = before + place;
    before += seriesIds.length;
    if (place < 0) return [];
    const part = firstColumns.findLastIndex((column) => column <= from);
    return [{ block, shape, part: part + 1, firstInPart: firstColumns[part] ?? 0, from }];
  });
}

export function sliceOf(plan: Plan, times: Uint8Array, bytes: Uint8Array, count: number): Slice | undefined {
  const { block, shape, firstInPart, from } = plan;
  const monotonicUs = decodeMonotonic(block.header, times, shape);
  const observations = block.header.shapes[shape]?.observations ?? 0;
  const columns = decodeColumns(bytes, { firstInPart, from, count, observations });
  return monotonicUs && columns && { monotonicUs, columns };
}
