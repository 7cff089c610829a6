import { ByteReader, skipColumn } from '@perigee/columns';
import type { PackedShape } from '../../domain/index.js';
import type { FoundBlock } from './block-slices.js';

/** The columns of one shape that are wanted, and where they are. */
export interface Cutting {
  readonly shape: number;
  readonly observations: number;
  readonly seriesIds: readonly number[];
  /** Those of each series follow one another; `column` counts within its part. */
  readonly columns: readonly { readonly part: number; readonly column: number }[];
}

/** What to cut out of a block: of each series `columnsOfSeries`, whose numbers begin at so many times its id. */
export function cuttingsOf(
  { header }: FoundBlock,
  isWanted: (seriesId: number) => boolean,
  columnsOfSeries: number,
): readonly Cutting[] {
  const { firstColumns, shapes } = header;
  let before = 0;
  return shapes.flatMap(({ observations, seriesIds }, shape): Cutting[] => {
    const first = before;
    before += seriesIds.length;
    const wanted = seriesIds.flatMap((id, place) =>
      id % columnsOfSeries === 0 && isWanted(id / columnsOfSeries)
        ? [{ id: id / columnsOfSeries, at: first + place }]
        : [],
    );
    if (wanted.length === 0) return [];
    const columns = wanted.flatMap(({ at }) => {
      const part = firstColumns.findLastIndex((column) => column <= at);
      const from = at - (firstColumns[part] ?? 0);
      return Array.from({ length: columnsOfSeries }, (_, next) => ({ part: part + 1, column: from + next }));
    });
    return [{ shape, observations, seriesIds: wanted.map(({ id }) => id), columns }];
  });
}

/** The numbers of the parts that hold it; part 0 holds the times. */
export function partsOf(cuttings: readonly Cutting[]): readonly number[] {
  return [...new Set([0, ...cuttings.flatMap(({ columns }) => columns.map(({ part }) => part))])];
}

/** Cuts them out as they are; undefined where the parts are not those of this block. */
export function cut(
  cuttings: readonly Cutting[],
  parts: ReadonlyMap<number, Uint8Array>,
): readonly PackedShape[] | undefined {
  const pieces = new Map([...parts].map(([number, part]) => [number, piecesOf(part)]));
  const shapes = cuttings.flatMap(({ columns, observations, seriesIds, shape }): PackedShape[] => {
    // Before the times of the shapes stands their order.
    const times = pieces.get(0)?.[shape + 1];
    const found = columns.flatMap(({ column, part }) => pieces.get(part)?.[column] ?? []);
    if (times === undefined || found.length !== columns.length) return [];
    return [{ observations, seriesIds, times: firstColumnOf(times, observations), columns: found.map(copy) }];
  });
  return shapes.length === cuttings.length ? shapes : undefined;
}

/** Of a part of which most is not wanted: it is not to be kept in memory for the rest. */
function copy(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

/** A part is pieces, each behind its length; undefined for bytes that are not. */
function piecesOf(part: Uint8Array): readonly Uint8Array[] | undefined {
  const reader = new ByteReader(part);
  const pieces: Uint8Array[] = [];
  while (reader.left > 0) pieces.push(reader.raw(reader.varint()));
  return reader.isDone ? pieces : undefined;
}

/** Of a shape's times the monotonic ones; wall time and runs stand behind them. */
function firstColumnOf(times: Uint8Array, observations: number): Uint8Array {
  const reader = new ByteReader(times);
  skipColumn(reader, observations);
  return copy(times.subarray(0, times.length - reader.left));
}
