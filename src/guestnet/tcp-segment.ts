import { GATEWAY_IP } from './addresses.js';
import { TCP, checksum, pseudoHeader, type Packet } from './ipv4.js';

const HEADER_BYTES = 20;

export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;

/** RFC 9293, 3.1. */
export interface Segment {
  readonly fromPort: number;
  readonly toPort: number;
  readonly sequence: number;
  readonly acknowledged: number;
  readonly flags: number;
  readonly window: number;
  /** The largest segment that the sender takes; only of a SYN. */
  readonly mss?: number;
  readonly payload: Buffer;
}

const OPTION_END = 0;
const OPTION_NOTHING = 1;
const OPTION_MSS = 2;

export function parseSegment({ body, from, to }: Packet): Segment | undefined {
  if (body.length < HEADER_BYTES) return undefined;
  const headerBytes = (body.readUInt8(12) >> 4) * 4;
  if (headerBytes < HEADER_BYTES || headerBytes > body.length) return undefined;
  if (checksum(pseudoHeader(TCP, from, to, body.length), body) !== 0) return undefined;
  const mss = mssOf(body.subarray(HEADER_BYTES, headerBytes));
  return {
    fromPort: body.readUInt16BE(0),
    toPort: body.readUInt16BE(2),
    sequence: body.readUInt32BE(4),
    acknowledged: body.readUInt32BE(8),
    flags: body.readUInt8(13) & 0x1f,
    window: body.readUInt16BE(14),
    ...(mss === undefined ? {} : { mss }),
    payload: body.subarray(headerBytes),
  };
}

function mssOf(options: Buffer): number | undefined {
  for (let at = 0; at < options.length;) {
    const kind = options.readUInt8(at);
    if (kind === OPTION_END) break;
    if (kind === OPTION_NOTHING) {
      at += 1;
      continue;
    }
    const length = options[at + 1] ?? 0;
    if (kind === OPTION_MSS && length === 4 && at + 4 <= options.length) return options.readUInt16BE(at + 2);
    // Each has at least its kind and its length.
    at += Math.max(2, length);
  }
  return undefined;
}

export function buildSegment(to: Buffer, segment: Segment): Buffer {
  const options = segment.mss === undefined ? Buffer.alloc(0) : Buffer.from([OPTION_MSS, 4, 0, 0]);
  if (segment.mss !== undefined) options.writeUInt16BE(segment.mss, 2);
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(segment.fromPort, 0);
  header.writeUInt16BE(segment.toPort, 2);
  header.writeUInt32BE(segment.sequence, 4);
  header.writeUInt32BE(segment.acknowledged, 8);
  header[12] = ((HEADER_BYTES + options.length) / 4) << 4;
  header[13] = segment.flags;
  header.writeUInt16BE(segment.window, 14);
  const bytes = Buffer.concat([header, options, segment.payload]);
  bytes.writeUInt16BE(checksum(pseudoHeader(TCP, GATEWAY_IP, to, bytes.length), bytes), 16);
  return bytes;
}

/** How much of the sequence it takes. */
function lengthOf({ flags, payload }: Segment): number {
  return payload.length + ((flags & SYN) !== 0 ? 1 : 0) + ((flags & FIN) !== 0 ? 1 : 0);
}

/** To a segment for which there is no connection (RFC 9293, 3.5.2); a reset has no answer. */
export function refuse(segment: Segment): Segment | undefined {
  if ((segment.flags & RST) !== 0) return undefined;
  const ports = { fromPort: segment.toPort, toPort: segment.fromPort };
  const rest = { ...ports, window: 0, payload: Buffer.alloc(0) };
  if ((segment.flags & ACK) !== 0)
    return { ...rest, sequence: segment.acknowledged, acknowledged: 0, flags: RST };
  const acknowledged = (segment.sequence + lengthOf(segment)) >>> 0;
  return { ...rest, sequence: 0, acknowledged, flags: RST | ACK };
}
