import { GATEWAY_IP } from './addresses.js';
import { UDP, checksum, pseudoHeader, type Packet } from './ipv4.js';

const HEADER_BYTES = 8;

export interface Datagram {
  readonly fromPort: number;
  readonly toPort: number;
  readonly payload: Buffer;
}

/** Undefined for what is no datagram (RFC 768). A checksum of 0 was not made. */
export function parseDatagram({ body, from, to }: Packet): Datagram | undefined {
  if (body.length < HEADER_BYTES) return undefined;
  const length = body.readUInt16BE(4);
  if (length < HEADER_BYTES || length > body.length) return undefined;
  const bytes = body.subarray(0, length);
  const made = body.readUInt16BE(6) !== 0;
  if (made && checksum(pseudoHeader(UDP, from, to, length), bytes) !== 0) return undefined;
  return {
    fromPort: body.readUInt16BE(0),
    toPort: body.readUInt16BE(2),
    payload: bytes.subarray(HEADER_BYTES),
  };
}

export function buildDatagram(to: Buffer, { fromPort, toPort, payload }: Datagram): Buffer {
  const length = HEADER_BYTES + payload.length;
  const bytes = Buffer.alloc(length);
  bytes.writeUInt16BE(fromPort, 0);
  bytes.writeUInt16BE(toPort, 2);
  bytes.writeUInt16BE(length, 4);
  payload.copy(bytes, HEADER_BYTES);
  // A sum of 0 is sent as its other form: 0 means that there is none.
  bytes.writeUInt16BE(checksum(pseudoHeader(UDP, GATEWAY_IP, to, length), bytes) || 0xffff, 6);
  return bytes;
}
