import type { CodecRecord } from './support-codec.js';

/** Records that ask codec.c for guest frames. */

function guestFrame(kind: number, room: number, ...parts: readonly Buffer[]): CodecRecord {
  const head = Buffer.alloc(5);
  head.writeUInt32LE(room);
  head.writeUInt8(kind, 4);
  return { operation: 'E', bytes: Buffer.concat([head, ...parts]) };
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function double(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
}

const ROOM = 4096;
const text = (value: string): Buffer => Buffer.from(`${value}\0`);

export function encodeHello(image: string, version: string): CodecRecord {
  return guestFrame(1, ROOM, text(image), text(version));
}

export function encodeDeclare(metric: number, unit: number, name: string): CodecRecord {
  return guestFrame(2, ROOM, uint32(metric), uint32(unit), text(name));
}

interface Report {
  readonly guestUs: number;
  readonly windowEndUs: number;
  readonly values: readonly { readonly metric: number; readonly value: number }[];
}

export function encodeReport({ guestUs, windowEndUs, values: list }: Report, room = ROOM): CodecRecord {
  const pairs = list.flatMap(({ metric, value }) => [uint32(metric), double(value)]);
  return guestFrame(3, room, uint64(guestUs), uint64(windowEndUs), uint32(list.length), ...pairs);
}

export function encodeDone(status: number): CodecRecord {
  return guestFrame(4, ROOM, uint32(status));
}
