import { crc32 } from 'node:zlib';

/**
 * A frame of the head log, in a ring of `size` bytes:
 *
 *     frame = lap:u16 length:u16 crc:u32 payload        little-endian
 *
 * Its offset counts on and on, over all laps. The lap is the offset's, and the checksum is over the offset and the
 * payload: what an earlier lap left behind is never taken for a frame of this one.
 */
export const FRAME_HEADER_BYTES = 8;
export const PAYLOAD_MAX_BYTES = 2 ** 16 - 1;
const LAPS = 2 ** 16;

export interface Frame {
  readonly offset: number;
  /** Of the byte behind it. */
  readonly end: number;
  readonly payload: Uint8Array;
}

export function encodeFrame(payload: Uint8Array, offset: number, size: number): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, lapOf(offset, size), true);
  view.setUint16(2, payload.length, true);
  view.setUint32(4, checksum(payload, offset), true);
  bytes.set(payload, FRAME_HEADER_BYTES);
  return bytes;
}

/** Every frame that is whole, from the offset `start` on, once around at most. Between two of them may be anything. */
export function* framesIn(ring: Uint8Array, start: number): Generator<Frame> {
  const size = ring.length;
  for (let offset = start; offset < start + size;) {
    const frame = frameAt(ring, offset, start + size);
    if (frame !== undefined) yield frame;
    offset = frame?.end ?? offset + 1;
  }
}

/** How far a ring may have gone on since anyone noted where it was: weeks of it. */
const LAPS_AHEAD = 256;

/** Every whole frame of the lap that holds the offset, and of those behind it, in order. */
export function framesAhead(ring: Uint8Array, from: number): readonly Frame[] {
  const size = ring.length;
  const first = Math.floor(from / size);
  const frames: Frame[] = [];
  for (let place = 0; place < size; place += 1) {
    const lap = (ring[place] ?? 0) + (ring[(place + 1) % size] ?? 0) * 256;
    const ahead = (((lap - first) % LAPS) + LAPS) % LAPS;
    if (ahead >= LAPS_AHEAD) continue;
    const frame = frameAt(ring, (first + ahead) * size + place, Infinity);
    if (frame === undefined) continue;
    frames.push(frame);
    // What lies within it is its payload.
    place += frame.end - frame.offset - 1;
  }
  return frames.sort((a, b) => a.offset - b.offset);
}

function frameAt(ring: Uint8Array, offset: number, limit: number): Frame | undefined {
  const size = ring.length;
  const u16 = (at: number): number => (ring[at % size] ?? 0) + (ring[(at + 1) % size] ?? 0) * 256;
  const length = u16(offset + 2);
  const end = offset + FRAME_HEADER_BYTES + length;
  if (length === 0 || end > limit || u16(offset) !== lapOf(offset, size)) return undefined;
  const payload = slice(ring, offset + FRAME_HEADER_BYTES, length);
  const sum = u16(offset + 4) + u16(offset + 6) * 65_536;
  return sum === checksum(payload, offset) ? { offset, end, payload } : undefined;
}

function slice(ring: Uint8Array, offset: number, length: number): Uint8Array {
  const from = offset % ring.length;
  const whole = ring.slice(from, from + length);
  if (whole.length === length) return whole;
  const bytes = new Uint8Array(length);
  bytes.set(whole);
  bytes.set(ring.subarray(0, length - whole.length), whole.length);
  return bytes;
}

function lapOf(offset: number, size: number): number {
  return Math.floor(offset / size) % LAPS;
}

function checksum(payload: Uint8Array, offset: number): number {
  const place = new Uint8Array(8);
  new DataView(place.buffer).setBigUint64(0, BigInt(offset), true);
  return crc32(payload, crc32(place));
}
