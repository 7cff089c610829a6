import {
  ByteReader,
  ByteWriter,
  EXPONENT_MAX,
  exponentOf,
  fromZigzag,
  powerOf,
  readSeriesIds,
  scaled,
  toZigzag,
  writeSeriesIds,
} from '@perigee/columns';
import { BEFORE_EVERYTHING, assert } from '../../domain/index.js';
import type { Position, RunId } from '../../domain/index.js';
import { readRunId, writeRunId } from '../format/run-ids.js';
import type { PlacedRow, Row } from '../series/row.js';
import { ShapeIndex } from '../series/shapes.js';

/**
 * The head log's records: observations, each told by how it differs from the one before it. The grammar is in
 * docs/storage.md.
 *
 *     record  = 0 epoch sequence monotonic:varint wall:zigzag     start afresh: what follows stands by itself
 *             | 1 series-ids observation                          of a shape not seen since then, which gets the next number
 *             | number+2 observation                              of a known shape
 *     observation = monotonic:zigzag wall:zigzag run value*       times less those of the observation before
 *     run     = 0 | 1 | 2 run:8 bytes                             as the last of this shape | none | this one
 *     value   = even:varint                                       zigzag of the difference from the series' last number, times 2
 *             | 2*exponent+1 zigzag                               a number, times 10^exponent
 *             | 21 f64
 */
const AFRESH = 0;
const NEW_SHAPE = 1;
const KNOWN_SHAPES = 2;
const RUN_AS_BEFORE = 0;
const RUN_NONE = 1;
const RUN_THIS = 2;
const DOUBLE = 2 * (EXPONENT_MAX + 1) + 1;

/** What the differences are from. */
class Context {
  readonly shapes = new ShapeIndex();
  /** By the number of the shape. */
  readonly runIds: (RunId | undefined)[] = [];
  readonly exponents: Uint8Array[] = [];
  readonly integers: Float64Array[] = [];
  monotonicUs: number;
  wallMs: number;

  constructor(monotonicUs: number, wallMs: number) {
    this.monotonicUs = monotonicUs;
    this.wallMs = wallMs;
  }

  addShape(seriesIds: readonly number[]): number {
    this.runIds.push(undefined);
    this.exponents.push(new Uint8Array(seriesIds.length));
    this.integers.push(new Float64Array(seriesIds.length));
    return this.shapes.add(seriesIds);
  }
}

/** Its payloads are read one after another; the first after `startAfresh` needs none before it. */
export class HeadEncoder {
  readonly #writer = new ByteWriter(4096);
  #context: Context | undefined;

  startAfresh(): void {
    this.#context = undefined;
  }

  encode(rows: readonly PlacedRow[]): Uint8Array {
    const writer = this.#writer;
    writer.clear();
    for (const row of rows) {
      this.#context ??= this.#begin(row);
      this.#write(this.#context, row);
    }
    return writer.finish();
  }

  #begin({ position: { epoch, sequence }, monotonicUs, wallMs }: PlacedRow): Context {
    const writer = this.#writer;
    writer.varint(AFRESH);
    writer.varint(epoch);
    writer.varint(sequence);
    writer.varint(monotonicUs);
    writer.zigzag(wallMs);
    return new Context(monotonicUs, wallMs);
  }

  #write(context: Context, { monotonicUs, wallMs, runId, seriesIds, values }: Row): void {
    const writer = this.#writer;
    let shape = context.shapes.find(seriesIds);
    if (shape === undefined) {
      shape = context.addShape(seriesIds);
      writer.varint(NEW_SHAPE);
      writeSeriesIds(writer, seriesIds);
    } else writer.varint(shape + KNOWN_SHAPES);
    writer.zigzag(monotonicUs - context.monotonicUs);
    writer.zigzag(wallMs - context.wallMs);
    context.monotonicUs = monotonicUs;
    context.wallMs = wallMs;
    this.#writeRun(context, shape, runId);
    const exponents = context.exponents[shape];
    const integers = context.integers[shape];
    assert(exponents !== undefined && integers !== undefined, 'a shape has its context');
    for (let place = 0; place < values.length; place += 1)
      writeValue(writer, exponents, integers, place, values[place] ?? NaN);
  }

  #writeRun({ runIds }: Context, shape: number, runId: RunId | undefined): void {
    const writer = this.#writer;
    if (runIds[shape] === runId) writer.u8(RUN_AS_BEFORE);
    else if (runId === undefined) writer.u8(RUN_NONE);
    else {
      writer.u8(RUN_THIS);
      writeRunId(writer, runId);
    }
    runIds[shape] = runId;
  }
}

function writeValue(
  writer: ByteWriter,
  exponents: Uint8Array,
  integers: Float64Array,
  place: number,
  value: number,
): void {
  const integer = scaled(value, powerOf(exponents[place] ?? 0));
  if (!Number.isNaN(integer)) {
    const difference = integer - (integers[place] ?? 0);
    integers[place] = integer;
    writer.varint(2 * toZigzag(difference));
    return;
  }
  const exponent = exponentOf(value, 0);
  if (exponent < 0) {
    writer.varint(DOUBLE);
    writer.f64(value);
    return;
  }
  const larger = scaled(value, powerOf(exponent));
  exponents[place] = exponent;
  integers[place] = larger;
  writer.varint(2 * exponent + 1);
  writer.zigzag(larger);
}

/**
 * Reads payloads one after another, in the order in which they were written. What it cannot follow it leaves out, up to
 * the next record that starts afresh.
 */
export class HeadDecoder {
  readonly #samplesMax: number;
  #context: Context | undefined;
  #next: Position = BEFORE_EVERYTHING;

  constructor(samplesMax: number) {
    this.#samplesMax = samplesMax;
  }

  /** For a payload that does not follow the one before it. */
  forget(): void {
    this.#context = undefined;
  }

  /** Undefined stands for what could not be followed: at most once, at the end. */
  *decode(payload: Uint8Array): Generator<PlacedRow | undefined> {
    const reader = new ByteReader(payload);
    while (reader.left > 0) {
      const kind = reader.varint();
      const record = kind === AFRESH ? undefined : this.#observation(reader, kind);
      if (kind === AFRESH) this.#begin(reader);
      if (reader.broken || (kind !== AFRESH && record === undefined)) {
        this.forget();
        yield undefined;
        return;
      }
      if (record !== undefined) yield record;
    }
  }

  #begin(reader: ByteReader): void {
    this.#next = { epoch: reader.varint(), sequence: reader.varint() };
    this.#context = new Context(reader.varint(), reader.zigzag());
  }

  #observation(reader: ByteReader, kind: number): PlacedRow | undefined {
    const context = this.#context;
    if (context === undefined) return undefined;
    const shape =
      kind === NEW_SHAPE ? context.addShape(readSeriesIds(reader, this.#samplesMax)) : kind - KNOWN_SHAPES;
    const seriesIds = context.shapes.list(shape);
    const exponents = context.exponents[shape];
    const integers = context.integers[shape];
    if (seriesIds === undefined || exponents === undefined || integers === undefined) return undefined;
    context.monotonicUs += reader.zigzag();
    context.wallMs += reader.zigzag();
    const run = reader.u8();
    if (run === RUN_NONE) context.runIds[shape] = undefined;
    else if (run === RUN_THIS) context.runIds[shape] = readRunId(reader);
    else if (run !== RUN_AS_BEFORE) reader.break();
    const values = new Float64Array(seriesIds.length);
    for (let place = 0; place < values.length; place += 1)
      values[place] = readValue(reader, exponents, integers, place);
    const position = this.#next;
    this.#next = { epoch: position.epoch, sequence: position.sequence + 1 };
    const { monotonicUs, wallMs } = context;
    return { position, monotonicUs, wallMs, runId: context.runIds[shape], seriesIds, values };
  }
}

function readValue(reader: ByteReader, exponents: Uint8Array, integers: Float64Array, place: number): number {
  const tag = reader.varint();
  if (tag === DOUBLE) return reader.f64();
  if (tag % 2 === 0) integers[place] = (integers[place] ?? 0) + fromZigzag(tag / 2);
  else if (tag < DOUBLE) {
    exponents[place] = (tag - 1) / 2;
    integers[place] = reader.zigzag();
  } else reader.break();
  return (integers[place] ?? 0) / powerOf(exponents[place] ?? 0);
}
