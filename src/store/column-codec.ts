import { pack, unpack, widthOf } from './bit-packing.js';
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
const ORDERS = [0, 1, 2] as const;

/** Small enough to follow what changes, large enough that `least` and `width` cost little. */
const PACKED_TOGETHER = 64;
/** An exception costs nine bytes: with more of them plain doubles are as good. */
const EXCEPTIONS_PART = 8;

export function encodeColumn(writer: ByteWriter, values: Float64Array): void {
  const decimals = decimalsOf(values);
  if (decimals === undefined) {
    writer.u8(DOUBLES);
    for (const value of values) writer.f64(value);
    return;
  }
  const { exponent, exceptions, integers } = decimals;
  const { order, differences } = cheapest(integers);
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

/** Breaks the reader where it reads no column of `count` numbers. */
export function decodeColumn(reader: ByteReader, count: number): Float64Array {
  const values = new Float64Array(count);
  const tag = reader.u8();
  if (tag === DOUBLES) {
    for (let place = 0; place < count; place += 1) values[place] = reader.f64();
    return values;
  }
  const exponent = tag % ORDER_FACTOR;
  const order = (tag - exponent) / ORDER_FACTOR;
  if (exponent > EXPONENT_MAX || order >= ORDERS.length) {
    reader.break();
    return values;
  }
  const exceptions = decodeExceptions(reader, count);
  for (let place = 0; place < Math.min(order, count); place += 1) values[place] = reader.zigzag();
  for (let from = order; from < count && !reader.broken; from += PACKED_TOGETHER)
    decodePacked(reader, values, from, Math.min(from + PACKED_TOGETHER, count));
  for (let times = 0; times < order; times += 1) sum(values, order - 1 - times);
  const power = powerOf(exponent);
  if (exponent > 0)
    for (let place = 0; place < count; place += 1) values[place] = (values[place] ?? 0) / power;
  for (const [place, value] of exceptions) values[place] = value;
  return values;
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
  for (let left = reader.count(count); left > 0; left -= 1) {
    place += reader.varint();
    exceptions.push([place, reader.f64()]);
    place += 1;
  }
  if (place > count) reader.break();
  return exceptions;
}

interface Decimals {
  readonly exponent: number;
  readonly exceptions: readonly number[];
  /** In the place of an exception, the number before it. */
  readonly integers: Float64Array;
}

/** Undefined where too many are no decimal numbers. */
function decimalsOf(values: Float64Array): Decimals | undefined {
  const exceptionsMax = Math.floor(values.length / EXCEPTIONS_PART);
  let exponent = 0;
  let strange = 0;
  for (const value of values) {
    if (!Number.isNaN(scaled(value, powerOf(exponent)))) continue;
    const larger = exponentOf(value, exponent + 1);
    if (larger >= 0) exponent = larger;
    else if ((strange += 1) > exceptionsMax) return undefined;
  }
  const integers = new Float64Array(values.length);
  const exceptions: number[] = [];
  const power = powerOf(exponent);
  let before = 0;
  for (let place = 0; place < values.length; place += 1) {
    const integer = scaled(values[place] ?? 0, power);
    if (Number.isNaN(integer)) exceptions.push(place);
    else before = integer;
    integers[place] = before;
  }
  return exceptions.length > exceptionsMax ? undefined : { exponent, exceptions, integers };
}

/** The order of differences that packs best. */
function cheapest(integers: Float64Array): { readonly order: number; readonly differences: Float64Array } {
  let differences = integers;
  let best = { order: 0, differences, bits: bitsOf(integers, 0) };
  for (const order of ORDERS.slice(1)) {
    differences = differencesOf(differences, order - 1);
    const bits = bitsOf(differences, order);
    if (bits < best.bits) best = { order, differences, bits };
  }
  return best;
}

/** From the place `first` on, each less the one before it. */
function differencesOf(integers: Float64Array, first: number): Float64Array {
  const differences = integers.slice();
  for (let place = integers.length - 1; place > first; place -= 1)
    differences[place] = (integers[place] ?? 0) - (integers[place - 1] ?? 0);
  return differences;
}

/** Undoes `differencesOf`. */
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
