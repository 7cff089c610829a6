import type { ByteReader, ByteWriter } from './bytes.js';

/** Wider numbers do not fit beside a started byte into the 32 bits of JavaScript's shifts: they take whole bytes. */
const SHIFTED_WIDTH_MAX = 24;
const WIDTH_MAX = 56;

/** The bits that each number up to `max` takes when packed; `max` is below 2^53. */
export function widthOf(max: number): number {
  const bits = max < 2 ** 31 ? 32 - Math.clz32(max) : Math.floor(Math.log2(max)) + 1;
  return bits <= SHIFTED_WIDTH_MAX ? bits : Math.ceil(bits / 8) * 8;
}

/** Whole numbers from 0, least significant bit first; the last byte is filled with zeros. */
export function pack(
  writer: ByteWriter,
  numbers: Float64Array,
  from: number,
  to: number,
  width: number,
): void {
  if (width > SHIFTED_WIDTH_MAX) packBytes(writer, numbers, from, to, width);
  else if (width > 0) packBits(writer, numbers, from, to, width);
}

/** The inverse. A width that `widthOf` does not give breaks the reader. */
export function unpack(
  reader: ByteReader,
  numbers: Float64Array,
  from: number,
  to: number,
  width: number,
): void {
  if (!isWidth(width)) reader.break();
  else if (width > SHIFTED_WIDTH_MAX) unpackBytes(reader, numbers, from, to, width);
  else if (width > 0) unpackBits(reader, numbers, from, to, width);
  else numbers.fill(0, from, to);
}

/** Passes over so many numbers that `unpack` would read. */
export function skipPacked(reader: ByteReader, count: number, width: number): void {
  if (isWidth(width)) reader.raw(Math.ceil((count * width) / 8));
  else reader.break();
}

function isWidth(width: number): boolean {
  return width <= SHIFTED_WIDTH_MAX || (width <= WIDTH_MAX && width % 8 === 0);
}

function packBits(writer: ByteWriter, numbers: Float64Array, from: number, to: number, width: number): void {
  const bytes = writer.room(Math.ceil(((to - from) * width) / 8));
  let waiting = 0;
  let bits = 0;
  let next = 0;
  for (let at = from; at < to; at += 1) {
    waiting |= (numbers[at] ?? 0) << bits;
    bits += width;
    while (bits >= 8) {
      bytes[next] = waiting;
      next += 1;
      waiting >>>= 8;
      bits -= 8;
    }
  }
  if (bits > 0) bytes[next] = waiting;
}

function unpackBits(
  reader: ByteReader,
  numbers: Float64Array,
  from: number,
  to: number,
  width: number,
): void {
  const bytes = reader.raw(Math.ceil(((to - from) * width) / 8));
  const mask = 2 ** width - 1;
  let waiting = 0;
  let bits = 0;
  let next = 0;
  for (let at = from; at < to; at += 1) {
    while (bits < width) {
      waiting |= (bytes[next] ?? 0) << bits;
      next += 1;
      bits += 8;
    }
    numbers[at] = waiting & mask;
    waiting >>>= width;
    bits -= width;
  }
}

function packBytes(writer: ByteWriter, numbers: Float64Array, from: number, to: number, width: number): void {
  const bytes = writer.room(((to - from) * width) / 8);
  let next = 0;
  for (let at = from; at < to; at += 1) {
    let rest = numbers[at] ?? 0;
    for (let bits = 0; bits < width; bits += 8) {
      bytes[next] = rest % 256;
      next += 1;
      rest = Math.floor(rest / 256);
    }
  }
}

function unpackBytes(
  reader: ByteReader,
  numbers: Float64Array,
  from: number,
  to: number,
  width: number,
): void {
  const bytes = reader.raw(((to - from) * width) / 8);
  let next = 0;
  for (let at = from; at < to; at += 1) {
    let value = 0;
    for (let factor = 1, left = width; left > 0; left -= 8, factor *= 256) {
      value += (bytes[next] ?? 0) * factor;
      next += 1;
    }
    numbers[at] = value;
  }
}
