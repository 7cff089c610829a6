import { ByteReader, ByteWriter, readSeriesIds, skipColumn, writeSeriesIds } from '@perigee/columns';
import type { TimedEpoch } from '@perigee/columns';
import { utf8Bytes, utf8Text } from './utf8.js';

/**
 * The history that a phone fetches: the columns of some series as the gateway's store has them. What grows while time
 * goes on stands at its end, so that whoever has its beginning already need not fetch it again.
 *
 *     history = 1:u8 block* 0:u8 about
 *     block   = span:u8 epoch:varint shapes:varint shape*                of samples 1, minutes 2, hours 3
 *     shape   = observations:varint series-ids bytes:varint times:column (bytes:varint column)*
 *     about   = gateway-id:text span:u8 from-ms:zigzag to-ms:zigzag epochs series
 *     epochs  = count:varint (epoch:varint from-us:varint span-us:varint offset-ms:f64)*
 *     series  = count:varint (id:varint name:text unit:text labels:varint (label:text value:text)*)*
 *     text    = bytes:varint UTF-8
 *
 * docs/history-format.md says what it means, and docs/storage.md what a column is.
 */
const VERSION = 1;
const NO_BLOCK = 0;
const SPANS = { raw: 1, minutes: 2, hours: 3 } as const;
type Resolution = keyof typeof SPANS;

/** Of one history; a gateway makes none that is larger, and a phone takes none. */
export const HISTORY_LIMITS = {
  /** About sixteen hours of sixty series at 1 Hz, in two and a half minutes of a usual link. */
  bytes: 4 * 1024 * 1024,
  series: 4096,
  /** Starts of a gateway. */
  epochs: 1024,
  /** Each is an object of a phone's memory. */
  shapes: 2 ** 15,
  /** What never changes takes next to no bytes: this is twice what numbers that do come to. */
  values: 2 ** 23,
} as const;
/** As many as one observation of a gateway has at most. */
const SERIES_PER_SHAPE_MAX = 256;
const LABELS_MAX = 64;
/** Of minutes and hours count, sum, least, most and last. */
const STATISTICS = 5;
/** Beyond this, numbers are no whole ones any more. */
const TIME_MAX = 2 ** 53;

export interface HistoryShape {
  readonly observations: number;
  readonly seriesIds: readonly number[];
  /** Monotonic, microseconds. */
  readonly times: Uint8Array;
  /** Of each series one; of minutes and hours five: count, sum, least, most, last. */
  readonly columns: readonly Uint8Array[];
}

export interface HistoryBlock {
  readonly resolution: Resolution;
  readonly epoch: number;
  readonly shapes: readonly HistoryShape[];
}

export interface HistorySeries {
  readonly name: string;
  readonly unit: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface PackedHistory {
  readonly gatewayId: string;
  readonly resolution: Resolution;
  /** Unix time, milliseconds; the last is not in it, and may come before what was asked for: ask again from there. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly epochs: readonly TimedEpoch[];
  /** By their numbers. */
  readonly series: ReadonlyMap<number, HistorySeries>;
  readonly blocks: readonly HistoryBlock[];
}

/** How many columns a block of this span has for each series. */
export function columnsOfSeries(resolution: Resolution): number {
  return resolution === 'raw' ? 1 : STATISTICS;
}

export function encodeHistory(history: PackedHistory): Uint8Array {
  const writer = new ByteWriter(64 * 1024);
  writer.u8(VERSION);
  for (const { epoch, resolution, shapes } of history.blocks) {
    writer.u8(SPANS[resolution]);
    writer.varint(epoch);
    writer.varint(shapes.length);
    for (const { columns, observations, seriesIds, times } of shapes) {
      writer.varint(observations);
      writeSeriesIds(writer, seriesIds);
      for (const column of [times, ...columns]) writeBytes(writer, column);
    }
  }
  writer.u8(NO_BLOCK);
  writeAbout(writer, history);
  return writer.finish();
}

/** Undefined for what no gateway of ours would send. Every column in it can be decoded. */
export function decodeHistory(bytes: Uint8Array): PackedHistory | undefined {
  if (bytes.length > HISTORY_LIMITS.bytes) return undefined;
  const reader = new ByteReader(bytes);
  if (reader.u8() !== VERSION) reader.break();
  const blocks = readBlocks(reader);
  const about = readAbout(reader);
  return about && reader.isDone ? { ...about, blocks } : undefined;
}

function readBlocks(reader: ByteReader): readonly HistoryBlock[] {
  const blocks: HistoryBlock[] = [];
  const left = { shapes: HISTORY_LIMITS.shapes, values: HISTORY_LIMITS.values };
  for (let span = reader.u8(); span !== NO_BLOCK && !reader.broken; span = reader.u8()) {
    const resolution = resolutionOf(reader, span);
    const epoch = reader.varint();
    blocks.push({ resolution, epoch, shapes: readShapes(reader, resolution, left) });
  }
  return blocks;
}

function readShapes(
  reader: ByteReader,
  resolution: Resolution,
  left: { shapes: number; values: number },
): readonly HistoryShape[] {
  const shapes: HistoryShape[] = [];
  const count = reader.count(left.shapes);
  if (count === 0) reader.break();
  left.shapes -= count;
  while (shapes.length < count && !reader.broken) {
    const shape = readShape(reader, columnsOfSeries(resolution));
    left.values -= shape.observations * (1 + shape.columns.length);
    if (left.values < 0) reader.break();
    shapes.push(shape);
  }
  return shapes;
}

function readShape(reader: ByteReader, columnsEach: number): HistoryShape {
  const observations = reader.count(HISTORY_LIMITS.values);
  const seriesIds = readSeriesIds(reader, SERIES_PER_SHAPE_MAX);
  if (observations === 0 || seriesIds.length === 0) reader.break();
  const times = readColumn(reader, observations);
  const columns: Uint8Array[] = [];
  while (columns.length < seriesIds.length * columnsEach && !reader.broken)
    columns.push(readColumn(reader, observations));
  return { observations, seriesIds, times, columns };
}

/** Checked here, so that whoever decodes it later need not. */
function readColumn(reader: ByteReader, observations: number): Uint8Array {
  const bytes = reader.raw(reader.varint());
  const column = new ByteReader(bytes);
  skipColumn(column, observations);
  if (!column.isDone) reader.break();
  return bytes;
}

function writeAbout(
  writer: ByteWriter,
  { epochs, fromMs, gatewayId, resolution, series, toMs }: PackedHistory,
): void {
  writeText(writer, gatewayId);
  writer.u8(SPANS[resolution]);
  writer.zigzag(fromMs);
  writer.zigzag(toMs);
  writer.varint(epochs.length);
  for (const { epoch, fromUs, offsetMs, toUs } of epochs) {
    writer.varint(epoch);
    writer.varint(fromUs);
    writer.varint(toUs - fromUs);
    writer.f64(offsetMs);
  }
  writer.varint(series.size);
  for (const [id, { labels, name, unit }] of series) {
    writer.varint(id);
    writeText(writer, name);
    writeText(writer, unit);
    const pairs = Object.entries(labels);
    writer.varint(pairs.length);
    for (const text of pairs.flat()) writeText(writer, text);
  }
}

function readAbout(reader: ByteReader): Omit<PackedHistory, 'blocks'> | undefined {
  const gatewayId = readText(reader);
  const resolution = resolutionOf(reader, reader.u8());
  const fromMs = reader.zigzag();
  const toMs = reader.zigzag();
  const epochs: TimedEpoch[] = [];
  for (let left = reader.count(HISTORY_LIMITS.epochs); left > 0 && !reader.broken; left -= 1) {
    const [epoch, fromUs, spanUs, offsetMs] = [
      reader.varint(),
      reader.varint(),
      reader.varint(),
      reader.f64(),
    ];
    if (!(Math.abs(offsetMs) <= TIME_MAX)) reader.break();
    epochs.push({ epoch, fromUs, toUs: fromUs + spanUs, offsetMs });
  }
  const series = new Map<number, HistorySeries>();
  for (let left = reader.count(HISTORY_LIMITS.series); left > 0 && !reader.broken; left -= 1)
    series.set(reader.varint(), readSeries(reader));
  return fromMs <= toMs ? { gatewayId, resolution, fromMs, toMs, epochs, series } : undefined;
}

function readSeries(reader: ByteReader): HistorySeries {
  const [name, unit] = [readText(reader), readText(reader)];
  const labels: [string, string][] = [];
  for (let left = reader.count(LABELS_MAX); left > 0 && !reader.broken; left -= 1)
    labels.push([readText(reader), readText(reader)]);
  return { name, unit, labels: Object.fromEntries(labels) };
}

function resolutionOf(reader: ByteReader, span: number): Resolution {
  const found = (Object.keys(SPANS) as Resolution[]).find((resolution) => SPANS[resolution] === span);
  if (found === undefined) reader.break();
  return found ?? 'raw';
}

function writeBytes(writer: ByteWriter, bytes: Uint8Array): void {
  writer.varint(bytes.length);
  writer.raw(bytes);
}

function writeText(writer: ByteWriter, text: string): void {
  writeBytes(writer, utf8Bytes(text));
}

function readText(reader: ByteReader): string {
  return utf8Text(reader.raw(reader.varint()));
}
