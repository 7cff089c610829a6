import { assert } from '../domain/index.js';
import { ByteReader, ByteWriter } from './bytes.js';
import { decodeColumn, encodeColumn } from './column-codec.js';
import type { OpenBlock, Shape } from './open-block.js';
import { readRunId, readSeriesIds, writeRunId, writeSeriesIds } from './wire.js';

/**
 * A block: observations of one epoch, without a gap, column by column. Its header says what is in it, and lets a reader
 * of one series fetch only the part that holds its column. The grammar is in docs/storage.md.
 *
 *     header  = observations:varint shapes:varint (series-ids observations:varint)* times parts:varint first-column:varint*
 *     times   = least-monotonic:varint span:varint least-wall:zigzag span:varint
 *     part 0  = bytes:varint order:column (bytes:varint monotonic:column wall:column runs)*     of each shape
 *     runs    = (observations:varint (0 | 1 run:8 bytes))*
 *     part n  = (bytes:varint column)*                                     columns are counted through all shapes
 */
export interface EncodedBlock {
  readonly header: Uint8Array;
  readonly parts: readonly Uint8Array[];
}

export interface BlockHeader {
  readonly observations: number;
  readonly shapes: readonly { readonly seriesIds: readonly number[]; readonly observations: number }[];
  readonly monotonicUs: Span;
  readonly wallMs: Span;
  /** The first column of each part but part 0. */
  readonly firstColumns: readonly number[];
}

export interface Span {
  readonly least: number;
  readonly most: number;
}

/** Ten columns of five minutes: a reader of one series reads little else, and LevelDB keeps few keys. */
const PART_BYTES = 4096;
/** What an open block never reaches: its head log is full before. */
const OBSERVATIONS_MAX = 2 ** 20;
const NO_RUN = 0;
const RUN = 1;

/** So many columns that follow one another are never in two parts. */
export function encodeBlock(block: OpenBlock, together = 1): EncodedBlock {
  assert(block.count > 0, 'a block holds something');
  const columns = block.shapes.flatMap((shape) => encodeColumns(shape));
  const { parts, firstColumns } = divide(columns, together);
  return { header: encodeHeader(block, firstColumns), parts: [encodeTimes(block), ...parts] };
}

function encodeHeader({ count, shapes }: OpenBlock, firstColumns: readonly number[]): Uint8Array {
  const writer = new ByteWriter();
  writer.varint(count);
  writer.varint(shapes.length);
  for (const { seriesIds, wallMs } of shapes) {
    writeSeriesIds(writer, seriesIds);
    writer.varint(wallMs.length);
  }
  const monotonic = spanOf(shapes.map((shape) => shape.monotonicUs));
  const wall = spanOf(shapes.map((shape) => shape.wallMs));
  writer.varint(monotonic.least);
  writer.varint(monotonic.most - monotonic.least);
  writer.zigzag(wall.least);
  writer.varint(wall.most - wall.least);
  writer.varint(firstColumns.length);
  for (const first of firstColumns) writer.varint(first);
  return writer.finish();
}

export function decodeHeader(bytes: Uint8Array, samplesMax: number): BlockHeader | undefined {
  const reader = new ByteReader(bytes);
  const observations = reader.count(OBSERVATIONS_MAX);
  const shapes: { seriesIds: readonly number[]; observations: number }[] = [];
  for (let left = reader.count(observations); left > 0; left -= 1)
    shapes.push({ seriesIds: readSeriesIds(reader, samplesMax), observations: reader.count(observations) });
  const monotonicUs = readSpan(reader.varint(), reader.varint());
  const wallMs = readSpan(reader.zigzag(), reader.varint());
  const firstColumns: number[] = [];
  for (let left = reader.count(bytes.length); left > 0; left -= 1) firstColumns.push(reader.varint());
  const sum = shapes.reduce((count, shape) => count + shape.observations, 0);
  if (!reader.isDone || sum !== observations) return undefined;
  return { observations, shapes, monotonicUs, wallMs, firstColumns };
}

/** What a block is once its bytes are read again. */
export type DecodedBlock = Pick<OpenBlock, 'order' | 'shapes'>;

/** Undefined for bytes that are not the parts of this header. */
export function decodeBlock(header: BlockHeader, parts: readonly Uint8Array[]): DecodedBlock | undefined {
  const [timesPart, ...columnParts] = parts;
  const times = timesPart && decodeTimes(header, timesPart);
  if (times === undefined || columnParts.length !== header.firstColumns.length) return undefined;
  const rows = header.shapes.map(({ seriesIds, observations }) =>
    new Array<number>(seriesIds.length * observations).fill(0),
  );
  const places = header.shapes.flatMap(({ seriesIds }, shape) =>
    seriesIds.map((_, place) => ({ shape, place })),
  );
  const ends = [...header.firstColumns.slice(1), places.length];
  for (const [index, part] of columnParts.entries()) {
    const reader = new ByteReader(part);
    for (let column = header.firstColumns[index] ?? 0; column < (ends[index] ?? 0); column += 1) {
      const { shape = 0, place = 0 } = places[column] ?? {};
      const { observations = 0, seriesIds = [] } = header.shapes[shape] ?? {};
      reader.varint();
      const values = decodeColumn(reader, observations);
      const target = rows[shape] ?? [];
      for (let at = 0; at < observations; at += 1) target[at * seriesIds.length + place] = values[at] ?? 0;
    }
    if (!reader.isDone) return undefined;
  }
  const shapes = times.shapes.map((shape, index) => ({ ...shape, values: rows[index] ?? [] }));
  return { order: times.order, shapes };
}

function encodeColumns({ seriesIds, values, wallMs }: Shape): Uint8Array[] {
  const writer = new ByteWriter(4096);
  const column = new Float64Array(wallMs.length);
  return seriesIds.map((_, place) => {
    for (let at = 0; at < column.length; at += 1) column[at] = values[at * seriesIds.length + place] ?? 0;
    writer.clear();
    encodeColumn(writer, column);
    return writer.finish();
  });
}

function divide(
  columns: readonly Uint8Array[],
  together: number,
): { parts: Uint8Array[]; firstColumns: number[] } {
  const parts: Uint8Array[] = [];
  const firstColumns: number[] = [];
  const writer = new ByteWriter(2 * PART_BYTES);
  for (const [index, column] of columns.entries()) {
    if (writer.length === 0) firstColumns.push(index);
    writer.varint(column.length);
    writer.raw(column);
    const isFull = writer.length >= PART_BYTES && (index + 1) % together === 0;
    if (!isFull && index < columns.length - 1) continue;
    parts.push(writer.finish());
    writer.clear();
  }
  return { parts, firstColumns };
}

function encodeTimes({ order, shapes }: OpenBlock): Uint8Array {
  const writer = new ByteWriter(4096);
  const piece = new ByteWriter(4096);
  encodeColumn(piece, Float64Array.from(order));
  writer.piece(piece);
  for (const { monotonicUs, wallMs, runIds } of shapes) {
    piece.clear();
    encodeColumn(piece, Float64Array.from(monotonicUs));
    encodeColumn(piece, Float64Array.from(wallMs));
    encodeRuns(piece, runIds);
    writer.piece(piece);
  }
  return writer.finish();
}

function encodeRuns(writer: ByteWriter, runIds: Shape['runIds']): void {
  for (let from = 0; from < runIds.length;) {
    const runId = runIds[from];
    let to = from + 1;
    while (to < runIds.length && runIds[to] === runId) to += 1;
    writer.varint(to - from);
    writer.u8(runId === undefined ? NO_RUN : RUN);
    if (runId !== undefined) writeRunId(writer, runId);
    from = to;
  }
}

function decodeTimes(header: BlockHeader, part: Uint8Array): DecodedBlock | undefined {
  const reader = new ByteReader(part);
  reader.varint();
  const order = Array.from(decodeColumn(reader, header.observations));
  const shapes = header.shapes.map(({ seriesIds, observations }) => {
    reader.varint();
    const monotonicUs = Array.from(decodeColumn(reader, observations));
    const wallMs = Array.from(decodeColumn(reader, observations));
    return { seriesIds, monotonicUs, wallMs, runIds: decodeRuns(reader, observations), values: [] };
  });
  return reader.isDone ? { order, shapes } : undefined;
}

/** The monotonic times of one shape's observations, and nothing else of part 0. */
export function decodeMonotonic(
  header: BlockHeader,
  part: Uint8Array,
  shape: number,
): Float64Array | undefined {
  const reader = new ByteReader(part);
  for (let before = 0; before <= shape; before += 1) reader.raw(reader.varint());
  reader.varint();
  const times = decodeColumn(reader, header.shapes[shape]?.observations ?? 0);
  return reader.broken ? undefined : times;
}

/** Some columns of a part, counted through all shapes, each of so many observations. */
export function decodeColumns(
  part: Uint8Array,
  wanted: {
    readonly firstInPart: number;
    readonly from: number;
    readonly count: number;
    readonly observations: number;
  },
): readonly Float64Array[] | undefined {
  const reader = new ByteReader(part);
  for (let before = wanted.firstInPart; before < wanted.from; before += 1) reader.raw(reader.varint());
  const columns = Array.from({ length: wanted.count }, () => {
    reader.varint();
    return decodeColumn(reader, wanted.observations);
  });
  return reader.broken ? undefined : columns;
}

function decodeRuns(reader: ByteReader, observations: number): Shape['runIds'] {
  const runIds: Shape['runIds'] = [];
  while (runIds.length < observations && !reader.broken) {
    const count = reader.count(observations - runIds.length);
    const runId = reader.u8() === RUN ? readRunId(reader) : undefined;
    for (let left = count; left > 0; left -= 1) runIds.push(runId);
    if (count === 0) reader.break();
  }
  return runIds;
}

function spanOf(lists: readonly (readonly number[])[]): Span {
  let least = Infinity;
  let most = -Infinity;
  for (const list of lists)
    for (const value of list) {
      if (value < least) least = value;
      if (value > most) most = value;
    }
  return { least, most };
}

function readSpan(least: number, span: number): Span {
  return { least, most: least + span };
}
