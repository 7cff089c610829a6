/** Writes bytes one after another, for our own formats; numbers are little-endian. */
export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#length;
  }

  clear(): void {
    this.#length = 0;
  }

  u8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  f64(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  /** LEB128 of a whole number below 2^53. */
  varint(value: number): void {
    this.#reserve(VARINT_MAX_BYTES);
    let rest = value;
    while (rest >= 2 ** 31) {
      this.#bytes[this.#length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    while (rest > 127) {
      this.#bytes[this.#length++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.#bytes[this.#length++] = rest;
  }

  /** A varint of 0, -1, 1, -2, ... numbered from 0; the value lies within ±2^52. */
  zigzag(value: number): void {
    this.varint(toZigzag(value));
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Room for so many bytes, to be filled before anything else is written. */
  room(length: number): Uint8Array {
    this.#reserve(length);
    this.#length += length;
    return this.#bytes.subarray(this.#length - length, this.#length);
  }

  /** All of another writer's, behind its length. */
  piece(other: ByteWriter): void {
    this.varint(other.length);
    this.raw(other.#bytes.subarray(0, other.length));
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count));
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

/** Of a number below 2^53, seven bits each. */
const VARINT_MAX_BYTES = 8;

export function toZigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

export function fromZigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

/**
 * Reads what a ByteWriter wrote. Bytes that end too early, or are no varint, break the reader: it answers 0 from then
 * on, so that whoever reads need look only once, at the end.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #broken = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get broken(): boolean {
    return this.#broken;
  }

  /** Whether all was read, and all was as it should be. */
  get isDone(): boolean {
    return !this.#broken && this.#at === this.#bytes.length;
  }

  get left(): number {
    return this.#broken ? 0 : this.#bytes.length - this.#at;
  }

  /** For whoever sees that a value makes no sense. */
  break(): void {
    this.#broken = true;
  }

  u8(): number {
    return this.#take(1) ? (this.#bytes[this.#at - 1] ?? 0) : 0;
  }

  f64(): number {
    return this.#take(8) ? this.#view.getFloat64(this.#at - 8, true) : 0;
  }

  varint(): number {
    let value = 0;
    let factor = 1;
    for (let count = 0; count < VARINT_MAX_BYTES; count += 1) {
      const byte = this.u8();
      value += (byte & 127) * factor;
      if (byte < 128) {
        if (value > Number.MAX_SAFE_INTEGER) this.break();
        return this.#broken ? 0 : value;
      }
      factor *= 128;
    }
    this.break();
    return 0;
  }

  zigzag(): number {
    return fromZigzag(this.varint());
  }

  /** How many things follow; more than there can be break the reader. */
  count(max: number): number {
    const count = this.varint();
    if (count <= max) return count;
    this.break();
    return 0;
  }

  /** A view, not a copy. */
  raw(length: number): Uint8Array {
    return this.#take(length) ? this.#bytes.subarray(this.#at - length, this.#at) : new Uint8Array(0);
  }

  #take(count: number): boolean {
    if (this.#broken || this.#at + count > this.#bytes.length) {
      this.#broken = true;
      return false;
    }
    this.#at += count;
    return true;
  }
}
