import { ByteWriter, ColumnEncoder } from '@perigee/columns';
import { decodeBlock } from '../blocks/block-codec.js';
import type { BlockHeader, DecodedBlock } from '../blocks/block-codec.js';

/** What is left of a block some of whose parts are damaged: all observations, without the series that are in those. */
export interface ReadableBlock extends DecodedBlock {
  readonly lostSeries: ReadonlySet<number>;
  /** How many observations lack something. */
  readonly incomplete: number;
}

/** Undefined where part 0 is damaged, which says when the rest was measured, or no column is left. */
export function decodeReadable(
  header: BlockHeader,
  parts: readonly (Uint8Array | undefined)[],
): ReadableBlock | undefined {
  const [times, ...columnParts] = parts;
  if (times === undefined) return undefined;
  const counts = header.shapes.flatMap(({ seriesIds, observations }) => seriesIds.map(() => observations));
  const lost = new Set<number>();
  const filled = columnParts.map((part, index) => {
    const [from, to = counts.length] = header.firstColumns.slice(index, index + 2);
    if (part === undefined) for (let column = from ?? 0; column < to; column += 1) lost.add(column);
    return part ?? zeros(counts.slice(from, to));
  });
  const decoded = decodeBlock(header, [times, ...filled]);
  if (decoded === undefined || lost.size === counts.length) return undefined;
  const lostSeries = new Set<number>();
  let [before, incomplete] = [0, 0];
  const shapes = decoded.shapes.map((shape) => {
    const { seriesIds, wallMs } = shape;
    const first = before;
    before += seriesIds.length;
    const isLost = (place: number): boolean => lost.has(first + place);
    const kept = seriesIds.filter((_, place) => !isLost(place));
    if (kept.length === seriesIds.length) return shape;
    for (const [place, id] of seriesIds.entries()) if (isLost(place)) lostSeries.add(id);
    incomplete += wallMs.length;
    const values = shape.values.filter((_, at) => !isLost(at % seriesIds.length));
    return { ...shape, seriesIds: kept, values };
  });
  return { order: decoded.order, shapes, lostSeries, incomplete };
}

/** In the place of what cannot be read, so that the rest is decoded as ever. */
function zeros(counts: readonly number[]): Uint8Array {
  const part = new ByteWriter();
  for (const count of counts) {
    const piece = new ByteWriter();
    new ColumnEncoder(count).encode(piece, new Float64Array(count));
    part.piece(piece);
  }
  return part.finish();
}
