import { pack, skipPacked, unpack, widthOf } from './bit-packing.js';
import type { ByteReader, ByteWriter } from './bytes.js';
import { EXPONENT_MAX, exponentOf, powerOf, scaled } from './decimals.js';

/**
 * A column: numbers that follow one another in time, exactly as they were given. How many there are, its surroundings
 * say. The grammar is in docs/storage.md.
 *
 *     column   = tag:u8 (doubles | decimals)
 *     doubles  = f64*                                            of tag 255
 *     decimals = exceptions first* packed*                       of tag 16 * order + exponent
 *     exceptions = count:varint (gap:varint f64)*                what is no decimal number, by place
 *     first    = zigzag                                          `order` of them: the first number, the first difference
 *     packed   = least:zigzag width:u8 bits                      of up to 64 differences, each less `least`
 *
 * Order 0 packs the numbers themselves, 1 their differences, 2 the differences of those.
 */
const DOUBLES = 255;
const ORDER_FACTOR = 16;
const ORDER_MAX = 2;

/** Small enough to follow what changes, large enough that `least` and `width` cost little. */
const PACKED_TOGETHER = 64;
/** An exception costs nine bytes: with more of them plain doubles are as good. */
const EXCEPTIONS_PART = 8;

/** Room for the numbers of a column while it is encoded: one block's columns share it. */
export class ColumnEncoder {
  readonly #integers: Float64Array;
  readonly #differences: readonly [Float64Array, Float64Array];
  readonly #exceptions: number[] = [];

  /** For columns of at most so many numbers. */
  constructor(count: number) {
    this.#integers = new Float64Array(count);
    this.#differences = [new Float64Array(count), new Float64Array(count)];
  }

  encode(writer: ByteWriter, values: Float64Array): void {
    const exceptions = this.#exceptions;
    const integers = this.#integers.subarray(0, values.length);
    const exponent = toIntegers(values, integers, exceptions);
    if (exponent === undefined) {
      writer.u8(DOUBLES);
      for (const value of values) writer.f64(value);
      return;
    }
    const { order, differences } = this.#cheapest(integers);
    writer.u8(order * ORDER_FACTOR + exponent);
    writer.varint(exceptions.length);
    let after = 0;
    for (const place of exceptions) {
      writer.varint(place - after);
      writer.f64(values[place] ?? NaN);
      after = place + 1;
    }
    for (let place = 0; place < Math.min(order, differences.length); place += 1)
      writer.zigzag(differences[place] ?? 0);
    for (let from = order; from < differences.length; from += PACKED_TOGETHER)
      encodePacked(writer, differences, from, Math.min(from + PACKED_TOGETHER, differences.length));
  }

  /** The order of differences that packs best. */
  #cheapest(integers: Float64Array): { readonly order: number; readonly differences: Float64Array } {
    let before = integers;
    let best = { order: 0, differences: integers, bits: bitsOf(integers, 0) };
    for (const [index, room] of this.#differences.entries()) {
      const order = index + 1;
      const differences = room.subarray(0, integers.length);
      subtract(before, differences, index);
      const bits = bitsOf(differences, order);
      if (bits < best.bits) best = { order, differences, bits };
      before = differences;
    }
    return best;
  }
}

/** Fills `values`; breaks the reader where it reads no column of so many numbers. */
export function decodeColumn(reader: ByteReader, values: Float64Array): void {
  const count = values.length;
  const tag = reader.u8();
  if (tag === DOUBLES) {
    for (let place = 0; place < count; place += 1) values[place] = reader.f64();
    return;
  }
  const { exponent, order } = scaleOf(reader, tag);
  const exceptions = decodeExceptions(reader, count);
  for (let place = 0; place < Math.min(order, count); place += 1) values[place] = reader.zigzag();
  for (let from = order; from < count && !reader.broken; from += PACKED_TOGETHER)
    decodePacked(reader, values, from, Math.min(from + PACKED_TOGETHER, count));
  for (let times = 0; times < order; times += 1) sum(values, order - 1 - times);
  const power = powerOf(exponent);
  if (exponent > 0)
    for (let place = 0; place < count; place += 1) values[place] = (values[place] ?? 0) / power;
  for (const [place, value] of exceptions) values[place] = value;
}

/** Passes over what `decodeColumn` would read, and breaks the reader where that would, for a hundredth of the work. */
export function skipColumn(reader: ByteReader, count: number): void {
  const tag = reader.u8();
  if (tag === DOUBLES) {
    reader.raw(8 * count);
    return;
  }
  const { order } = scaleOf(reader, tag);
  decodeExceptions(reader, count);
  for (let left = Math.min(order, count); left > 0; left -= 1) reader.zigzag();
  for (let from = order; from < count && !reader.broken; from += PACKED_TOGETHER) {
    reader.zigzag();
    skipPacked(reader, Math.min(PACKED_TOGETHER, count - from), reader.u8());
  }
}

function scaleOf(reader: ByteReader, tag: number): { readonly exponent: number; readonly order: number } {
  const exponent = tag % ORDER_FACTOR;
  const order = (tag - exponent) / ORDER_FACTOR;
  if (exponent <= EXPONENT_MAX && order <= ORDER_MAX) return { exponent, order };
  reader.break();
  return { exponent: 0, order: 0 };
}

function encodePacked(writer: ByteWriter, differences: Float64Array, from: number, to: number): void {
  let least = Infinity;
  let most = -Infinity;
  for (let at = from; at < to; at += 1) {
    const difference = differences[at] ?? 0;
    if (difference < least) least = difference;
    if (difference > most) most = difference;
  }
  for (let at = from; at < to; at += 1) differences[at] = (differences[at] ?? 0) - least;
  const width = widthOf(most - least);
  writer.zigzag(least);
  writer.u8(width);
  pack(writer, differences, from, to, width);
}

function decodePacked(reader: ByteReader, values: Float64Array, from: number, to: number): void {
  const least = reader.zigzag();
  unpack(reader, values, from, to, reader.u8());
  if (least !== 0) for (let at = from; at < to; at += 1) values[at] = (values[at] ?? 0) + least;
}

function decodeExceptions(reader: ByteReader, count: number): readonly (readonly [number, number])[] {
  const exceptions: [number, number][] = [];
  let place = 0;
  for (let left = reader.count(count); left > 0 && !reader.broken; left -= 1) {
    place += reader.varint();
    exceptions.push([place, reader.f64()]);
    place += 1;
  }
  if (place > count) reader.break();
  return exceptions;
}

/**
 * The values as whole numbers of the least exponent that holds them all, and in the place of an exception the number
 * before it. Undefined where too many are no decimal numbers.
 */
function toIntegers(values: Float64Array, integers: Float64Array, exceptions: number[]): number | undefined {
  const exceptionsMax = Math.floor(values.length / EXCEPTIONS_PART);
  let exponent = 0;
  let power = powerOf(exponent);
  exceptions.length = 0;
  let before = 0;
  for (let place = 0; place < values.length; place += 1) {
    const value = values[place] ?? 0;
    const integer = scaled(value, power);
    if (!Number.isNaN(integer)) before = integer;
    else {
      const larger = exponentOf(value, exponent + 1);
      if (larger >= 0) {
        exponent = larger;
        power = powerOf(exponent);
        exceptions.length = 0;
        before = 0;
        place = -1;
        continue;
      }
      exceptions.push(place);
      if (exceptions.length > exceptionsMax) return undefined;
    }
    integers[place] = before;
  }
  return exponent;
}

/** From the place `first` on, each less the one before it; up to there as they are. */
function subtract(integers: Float64Array, differences: Float64Array, first: number): void {
  let before = 0;
  for (let place = 0; place < integers.length; place += 1) {
    const integer = integers[place] ?? 0;
    differences[place] = place > first ? integer - before : integer;
    before = integer;
  }
}

/** Undoes `subtract`. */
function sum(values: Float64Array, first: number): void {
  for (let place = first + 1; place < values.length; place += 1)
    values[place] = (values[place] ?? 0) + (values[place - 1] ?? 0);
}

function bitsOf(differences: Float64Array, order: number): number {
  let bits = 0;
  for (let from = order; from < differences.length; from += PACKED_TOGETHER) {
    const to = Math.min(from + PACKED_TOGETHER, differences.length);
    let least = Infinity;
    let most = -Infinity;
    for (let at = from; at < to; at += 1) {
      const difference = differences[at] ?? 0;
      if (difference < least) least = difference;
      if (difference > most) most = difference;
    }
    bits += (to - from) * widthOf(most - least);
  }
  return bits;
}
