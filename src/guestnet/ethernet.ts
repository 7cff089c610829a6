import { GATEWAY_IP, GATEWAY_MAC } from './addresses.js';

const HEADER_BYTES = 14;
/** Without its checksum, which virtual networks leave out (IEEE 802.3). */
const MIN_FRAME_BYTES = 60;
export const MAX_FRAME_BYTES = 1514;
export const MTU = MAX_FRAME_BYTES - HEADER_BYTES;

export const TYPE_IPV4 = 0x0800;
export const TYPE_ARP = 0x0806;

export interface Frame {
  readonly from: Buffer;
  readonly type: number;
  readonly body: Buffer;
}

/** Undefined for what is no frame, and for what is not for us. */
export function parseFrame(bytes: Buffer): Frame | undefined {
  if (bytes.length < HEADER_BYTES || bytes.length > MAX_FRAME_BYTES) return undefined;
  const to = bytes.subarray(0, 6);
  if (!to.equals(GATEWAY_MAC) && !to.every((byte) => byte === 0xff)) return undefined;
  return { from: bytes.subarray(6, 12), type: bytes.readUInt16BE(12), body: bytes.subarray(HEADER_BYTES) };
}

export function buildFrame(to: Buffer, type: number, body: Buffer): Buffer {
  const frame = Buffer.alloc(Math.max(MIN_FRAME_BYTES, HEADER_BYTES + body.length));
  to.copy(frame, 0);
  GATEWAY_MAC.copy(frame, 6);
  frame.writeUInt16BE(type, 12);
  body.copy(frame, HEADER_BYTES);
  return frame;
}

/** Hardware Ethernet, protocol IPv4, with the lengths of their addresses (RFC 826). */
const ARP_KIND = Buffer.from([0, 1, 8, 0, 6, 4]);
const ARP_BYTES = 28;
const REQUEST = 1;
const REPLY = 2;

/** The answer to whoever asks for the gateway; nobody else can be asked for. */
export function answerArp(body: Buffer): Buffer | undefined {
  if (body.length < ARP_BYTES || !body.subarray(0, 6).equals(ARP_KIND)) return undefined;
  if (body.readUInt16BE(6) !== REQUEST || !body.subarray(24, 28).equals(GATEWAY_IP)) return undefined;
  const asker = body.subarray(8, 18);
  return Buffer.concat([ARP_KIND, Buffer.from([0, REPLY]), GATEWAY_MAC, GATEWAY_IP, asker]);
}
