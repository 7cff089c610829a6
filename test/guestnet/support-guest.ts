/** A guest's side of the network, written from the RFCs and not with the code under test. */
export const GATEWAY = { mac: Buffer.from('52550a000202', 'hex'), ip: Buffer.from([10, 0, 2, 2]) };
export const GUEST = { mac: Buffer.from('525400123456', 'hex'), ip: Buffer.from([10, 0, 2, 15]) };
export const EVERYBODY = { mac: Buffer.alloc(6, 0xff), ip: Buffer.alloc(4, 0xff) };

export const FIN = 1;
export const SYN = 2;
export const RST = 4;
export const ACK = 16;

export function u16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}

export function u32(value: number): Buffer {
  return Buffer.from([value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff]);
}

export function sum16(bytes: Buffer): Buffer {
  let sum = 0;
  for (const [at, byte] of bytes.entries()) sum += at % 2 === 0 ? byte * 256 : byte;
  while (sum > 0xffff) sum = (sum % 0x10000) + Math.floor(sum / 0x10000);
  return u16(0xffff - sum);
}

export function ethernet(type: number, body: Buffer, to: Buffer = GATEWAY.mac): Buffer {
  return Buffer.concat([to, GUEST.mac, u16(type), body]);
}

interface IpOptions {
  readonly from?: Buffer;
  readonly to?: Buffer;
  readonly fragment?: number;
  readonly mac?: Buffer;
}

export function ip(protocol: number, body: Buffer, options: IpOptions = {}): Buffer {
  const { from = GUEST.ip, to = GATEWAY.ip, fragment = 0, mac } = options;
  const before = Buffer.concat([
    ...[Buffer.from([0x45, 0]), u16(20 + body.length), u16(7), u16(fragment)],
    Buffer.from([64, protocol]),
  ]);
  const header = Buffer.concat([before, sum16(Buffer.concat([before, from, to])), from, to]);
  return ethernet(0x0800, Buffer.concat([header, body]), mac);
}

export function udp(toPort: number, payload: Buffer | string, fromPort = 40_000): Buffer {
  const bytes = Buffer.from(payload);
  return Buffer.concat([u16(fromPort), u16(toPort), u16(8 + bytes.length), u16(0), bytes]);
}

/** The same with a checksum, right or wrong. */
export function udpSummed(toPort: number, payload: string, wrongBy = 0): Buffer {
  const plain = udp(toPort, payload);
  const pseudo = Buffer.concat([GUEST.ip, GATEWAY.ip, u16(17), u16(plain.length)]);
  const sum = sum16(Buffer.concat([pseudo, plain])).readUInt16BE(0);
  return Buffer.concat([plain.subarray(0, 6), u16((sum + wrongBy) & 0xffff), plain.subarray(8)]);
}

export interface TestSegment {
  readonly fromPort: number;
  readonly toPort: number;
  readonly sequence: number;
  readonly acknowledged: number;
  readonly flags: number;
  readonly window: number;
  readonly options: Buffer;
  readonly payload: Buffer;
}

export function tcp(segment: Partial<TestSegment>): Buffer {
  const { fromPort = 40_000, toPort = 8086, sequence = 0, acknowledged = 0, flags = ACK } = segment;
  const { window = 8192, options = Buffer.alloc(0), payload = Buffer.alloc(0) } = segment;
  const head = Buffer.concat([
    ...[u16(fromPort), u16(toPort), u32(sequence), u32(acknowledged)],
    ...[Buffer.from([((20 + options.length) / 4) << 4, flags]), u16(window)],
  ]);
  const tail = Buffer.concat([u16(0), options, payload]);
  const pseudo = Buffer.concat([GUEST.ip, GATEWAY.ip, u16(6), u16(head.length + 2 + tail.length)]);
  return Buffer.concat([head, sum16(Buffer.concat([pseudo, head, u16(0), tail])), tail]);
}

export function readIp(frame: Buffer): { readonly protocol: number; readonly body: Buffer } {
  const packet = frame.subarray(14, 14 + frame.readUInt16BE(16));
  return { protocol: packet.readUInt8(9), body: packet.subarray(20) };
}

/** Undefined for whatever is no TCP. */
export function readTcp(frame: Buffer): TestSegment | undefined {
  if (frame.readUInt16BE(12) !== 0x0800) return undefined;
  const { protocol, body } = readIp(frame);
  if (protocol !== 6) return undefined;
  const headerBytes = (body.readUInt8(12) >> 4) * 4;
  return {
    ...{ fromPort: body.readUInt16BE(0), toPort: body.readUInt16BE(2) },
    ...{ sequence: body.readUInt32BE(4), acknowledged: body.readUInt32BE(8) },
    ...{ flags: body.readUInt8(13), window: body.readUInt16BE(14) },
    ...{ options: body.subarray(20, headerBytes), payload: body.subarray(headerBytes) },
  };
}
