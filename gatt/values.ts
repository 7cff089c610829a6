import { widthOf } from './presentation.js';
import type { PresentationFormat } from './presentation.js';

/**
 * Numbers in the bytes that a Presentation Format describes, little-endian.
 *
 * "Not known" is what the GATT Specification Supplement reserves for it: all ones in unsigned formats, the smallest
 * number in signed ones, NaN in floats. Everything else that does not fit saturates: a wrong end of the scale misleads
 * less than a number that wrapped.
 */
export function encodeValue(presentation: PresentationFormat, value: number | undefined): Uint8Array {
  const { bytes: size, kind } = widthOf(presentation.format);
  const known = value !== undefined && !Number.isNaN(value);
  if (kind === 'float') return encodeFloat(size, known ? shift(value, -presentation.exponent) : Number.NaN);
  const span = 2 ** (8 * size);
  const [least, most, unknown] =
    kind === 'unsigned' ? [0, span - 2, span - 1] : [1 - span / 2, span / 2 - 1, -span / 2];
  const raw = known
    ? Math.min(Math.max(Math.round(shift(value, -presentation.exponent)), least), most)
    : unknown;
  return encodeInteger(size, raw);
}

/** Undefined for "not known", and for bytes of another length than the format's. */
export function decodeValue(presentation: PresentationFormat, bytes: Uint8Array): number | undefined {
  const { bytes: size, kind } = widthOf(presentation.format);
  if (bytes.length !== size) return undefined;
  const raw = kind === 'float' ? decodeFloat(bytes) : decodeInteger(bytes, kind === 'signed');
  return raw === undefined ? undefined : shift(raw, presentation.exponent);
}

/** Times ten to the exponent. Only whole powers of ten are used, which are exact, so that 4820 gives 48.2. */
function shift(value: number, exponent: number): number {
  return exponent < 0 ? value / 10 ** -exponent : value * 10 ** exponent;
}

function encodeFloat(size: number, value: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(size));
  if (size === 4) view.setFloat32(0, value, true);
  else view.setFloat64(0, value, true);
  return new Uint8Array(view.buffer);
}

function decodeFloat(bytes: Uint8Array): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const value = bytes.length === 4 ? view.getFloat32(0, true) : view.getFloat64(0, true);
  return Number.isNaN(value) ? undefined : value;
}

/** Two's complement: what is below zero is taken from above it, byte by byte. Exact, since all divisors are powers of two. */
function encodeInteger(size: number, value: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let rest = value;
  for (let i = 0; i < size; i++) {
    const above = Math.floor(rest / 256);
    bytes[i] = rest - above * 256;
    rest = above;
  }
  return bytes;
}

function decodeInteger(bytes: Uint8Array, signed: boolean): number | undefined {
  const bits = bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  const width = 8 * bytes.length;
  const unknown = signed ? 1n << BigInt(width - 1) : (1n << BigInt(width)) - 1n;
  if (bits === unknown) return undefined;
  return Number(signed ? BigInt.asIntN(width, bits) : bits);
}
