import { GATEWAY_IP } from './addresses.js';

const HEADER_BYTES = 20;
const TTL = 64;

export const ICMP = 1;
export const TCP = 6;
export const UDP = 17;

export interface Packet {
  readonly protocol: number;
  readonly from: Buffer;
  readonly to: Buffer;
  readonly body: Buffer;
}

/** Undefined for what is no packet (RFC 791), and for a fragment: nothing that a guest has to say needs one. */
export function parsePacket(bytes: Buffer): Packet | undefined {
  const first = bytes[0] ?? 0;
  const headerBytes = (first & 0x0f) * 4;
  if (first >> 4 !== 4 || headerBytes < HEADER_BYTES || bytes.length < headerBytes) return undefined;
  const totalBytes = bytes.readUInt16BE(2);
  if (totalBytes < headerBytes || totalBytes > bytes.length) return undefined;
  if (checksum(bytes.subarray(0, headerBytes)) !== 0) return undefined;
  // More fragments, or an offset.
  if ((bytes.readUInt16BE(6) & 0x3fff) !== 0) return undefined;
  return {
    protocol: bytes.readUInt8(9),
    from: bytes.subarray(12, 16),
    to: bytes.subarray(16, 20),
    body: bytes.subarray(headerBytes, totalBytes),
  };
}

export function buildPacket(protocol: number, to: Buffer, body: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header[0] = 0x45;
  header.writeUInt16BE(HEADER_BYTES + body.length, 2);
  header.writeUInt16BE(0x4000, 6); // don't fragment
  header[8] = TTL;
  header[9] = protocol;
  GATEWAY_IP.copy(header, 12);
  to.copy(header, 16);
  header.writeUInt16BE(checksum(header), 10);
  return Buffer.concat([header, body]);
}

/** Of the Internet (RFC 1071); 0 over what carries a right one. */
export function checksum(...parts: readonly Buffer[]): number {
  let sum = 0;
  for (const part of parts) {
    for (let at = 0; at < part.length; at += 2) sum += ((part[at] ?? 0) << 8) | (part[at + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** What UDP's and TCP's checksums cover beside their own bytes. */
export function pseudoHeader(protocol: number, from: Buffer, to: Buffer, length: number): Buffer {
  return Buffer.concat([from, to, Buffer.from([0, protocol, length >> 8, length & 0xff])]);
}

const ECHO_REQUEST = 8;

/** The answer to a ping (RFC 792), with what it carried. */
export function answerEcho(body: Buffer): Buffer | undefined {
  if (body.length < 8 || body[0] !== ECHO_REQUEST || checksum(body) !== 0) return undefined;
  const answer = Buffer.from(body);
  answer.writeUInt32BE(0, 0);
  answer.writeUInt16BE(checksum(answer), 2);
  return answer;
}
