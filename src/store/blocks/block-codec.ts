import {
  ByteReader,
  ByteWriter,
  ColumnEncoder,
  decodeColumn,
  readSeriesIds,
  writeSeriesIds,
} from '@perigee/columns';
import { assert } from '../../domain/index.js';
import type { RunId } from '../../domain/index.js';
import { readRunId, writeRunId } from '../format/run-ids.js';
import type { OpenBlock, Shape } from './open-block.js';

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
  const encoder = new ColumnEncoder(block.count);
  const { parts, firstColumns } = encodeColumns(encoder, block.shapes, together);
  return { header: encodeHeader(block, firstColumns), parts: [encodeTimes(encoder, block), ...parts] };
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
  const rows = header.shapes.map(
    ({ seriesIds, observations }) => new Float64Array(seriesIds.length * observations),
  );
  const places = header.shapes.flatMap(({ seriesIds }, shape) =>
    seriesIds.map((_, place) => ({ shape, place })),
  );
  const ends = [...header.firstColumns.slice(1), places.length];
  const column = new Float64Array(header.observations);
  for (const [index, part] of columnParts.entries()) {
    const reader = new ByteReader(part);
    for (let number = header.firstColumns[index] ?? 0; number < (ends[index] ?? 0); number += 1) {
      const { shape = 0, place = 0 } = places[number] ?? {};
      const { observations = 0, seriesIds = [] } = header.shapes[shape] ?? {};
      reader.varint();
      const values = column.subarray(0, observations);
      decodeColumn(reader, values);
      const target = rows[shape] ?? values;
      for (let at = 0; at < observations; at += 1) target[at * seriesIds.length + place] = values[at] ?? 0;
    }
    if (!reader.isDone) return undefined;
  }
  const shapes = times.shapes.map((shape, index) => ({ ...shape, values: rows[index] ?? shape.values }));
  return { order: times.order, shapes };
}

function encodeColumns(
  encoder: ColumnEncoder,
  shapes: readonly Shape[],
  together: number,
): { parts: Uint8Array[]; firstColumns: number[] } {
  const parts: Uint8Array[] = [];
  const firstColumns: number[] = [];
  const part = new ByteWriter(2 * PART_BYTES);
  const piece = new ByteWriter(PART_BYTES);
  let number = 0;
  for (const { seriesIds, values, wallMs } of shapes) {
    const column = new Float64Array(wallMs.length);
    for (let place = 0; place < seriesIds.length; place += 1) {
      for (let at = 0; at < column.length; at += 1) column[at] = values[at * seriesIds.length + place] ?? 0;
      piece.clear();
      encoder.encode(piece, column);
      if (part.length === 0) firstColumns.push(number);
      part.piece(piece);
      number += 1;
      if (part.length < PART_BYTES || number % together !== 0) continue;
      parts.push(part.finish());
      part.clear();
    }
  }
  if (part.length > 0) parts.push(part.finish());
  return { parts, firstColumns };
}

function encodeTimes(encoder: ColumnEncoder, { order, shapes }: OpenBlock): Uint8Array {
  const writer = new ByteWriter(4096);
  const piece = new ByteWriter(4096);
  encoder.encode(piece, Float64Array.from(order));
  writer.piece(piece);
  for (const { monotonicUs, wallMs, runIds } of shapes) {
    piece.clear();
    encoder.encode(piece, Float64Array.from(monotonicUs));
    encoder.encode(piece, Float64Array.from(wallMs));
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
  const order = Array.from(decodedColumn(reader, header.observations));
  const shapes = header.shapes.map(({ seriesIds, observations }) => {
    reader.varint();
    const monotonicUs = Array.from(decodedColumn(reader, observations));
    const wallMs = Array.from(decodedColumn(reader, observations));
    const runIds = decodeRuns(reader, observations);
    return { seriesIds, monotonicUs, wallMs, runIds, values: new Float64Array(0) };
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
  const times = decodedColumn(reader, header.shapes[shape]?.observations ?? 0);
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
    return decodedColumn(reader, wanted.observations);
  });
  return reader.broken ? undefined : columns;
}

function decodedColumn(reader: ByteReader, observations: number): Float64Array {
  const values = new Float64Array(observations);
  decodeColumn(reader, values);
  return values;
}

function decodeRuns(reader: ByteReader, observations: number): Shape['runIds'] {
  const runIds: (RunId | undefined)[] = [];
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
