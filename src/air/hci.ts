/**
 * The part of the Host Controller Interface that the stacks above use: names for its numbers, and its events as bytes.
 * Core specification 5.0, vol 2, part E (commands 7, events 7.7, error codes part D) and vol 4, part A (H4 types).
 */
export const PACKET = { command: 0x01, acl: 0x02, event: 0x04 } as const;

const opcode = (group: number, command: number): number => (group << 10) | command;

export const OPCODE = {
  disconnect: opcode(0x01, 0x06),
  setEventMask: opcode(0x03, 0x01),
  reset: opcode(0x03, 0x03),
  readLeHostSupport: opcode(0x03, 0x6c),
  writeLeHostSupport: opcode(0x03, 0x6d),
  readLocalVersion: opcode(0x04, 0x01),
  readBufferSize: opcode(0x04, 0x05),
  readAddress: opcode(0x04, 0x09),
  readRssi: opcode(0x05, 0x05),
  leSetEventMask: opcode(0x08, 0x01),
  leReadBufferSize: opcode(0x08, 0x02),
  leSetAdvertisingParameters: opcode(0x08, 0x06),
  leSetAdvertisingData: opcode(0x08, 0x08),
  leSetScanResponse: opcode(0x08, 0x09),
  leSetAdvertisingEnable: opcode(0x08, 0x0a),
  leSetScanParameters: opcode(0x08, 0x0b),
  leSetScanEnable: opcode(0x08, 0x0c),
  leCreateConnection: opcode(0x08, 0x0d),
  leCreateConnectionCancel: opcode(0x08, 0x0e),
  leConnectionUpdate: opcode(0x08, 0x13),
} as const;

export const STATUS = {
  ok: 0x00,
  unknownCommand: 0x01,
  unknownConnection: 0x02,
  connectionTimeout: 0x08,
  connectionLimit: 0x09,
  disallowed: 0x0c,
  invalidParameters: 0x12,
  endedByPeer: 0x13,
  endedByHost: 0x16,
} as const;

export const EVENT = {
  disconnectionComplete: 0x05,
  commandComplete: 0x0e,
  commandStatus: 0x0f,
  completedPackets: 0x13,
  leMeta: 0x3e,
} as const;

export const LE_EVENT = {
  connectionComplete: 0x01,
  advertisingReport: 0x02,
  connectionUpdateComplete: 0x03,
} as const;

/** Packet boundary flags of ACL data, controller to host and back (5.4.2). */
export const BOUNDARY = { firstFromHost: 0, continuing: 1, firstToHost: 2 } as const;

/** How many commands a host may have outstanding; nobody above counts them. */
const COMMAND_CREDITS = 1;

/** Supervision timeout that the connection event tells, in steps of 10 ms. */
const SUPERVISION = 42;

export function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

export function event(code: number, ...parameters: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parameters);
  return Buffer.concat([Buffer.of(PACKET.event, code, body.length), body]);
}

export function commandComplete(command: number, status: number, values: Uint8Array): Buffer {
  return event(EVENT.commandComplete, Buffer.of(COMMAND_CREDITS), u16(command), Buffer.of(status), values);
}

export function commandStatus(command: number, status: number): Buffer {
  return event(EVENT.commandStatus, Buffer.of(status, COMMAND_CREDITS), u16(command));
}

export function aclPacket(handle: number, boundary: number, data: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(PACKET.acl), u16(handle | (boundary << 12)), u16(data.length), data]);
}

export function connectionComplete(
  status: number,
  handle: number,
  role: number,
  peer: Buffer,
  interval: number,
): Buffer {
  const head = Buffer.concat([
    Buffer.of(LE_EVENT.connectionComplete, status),
    u16(handle),
    Buffer.of(role, 0),
  ]);
  return event(EVENT.leMeta, head, peer, u16(interval), u16(0), u16(SUPERVISION), Buffer.of(0));
}

export function advertisingReport(type: number, address: Buffer, data: Buffer, rssiDbm: number): Buffer {
  const head = Buffer.of(LE_EVENT.advertisingReport, 1, type, 0);
  return event(EVENT.leMeta, head, address, Buffer.of(data.length), data, Buffer.of(rssiDbm & 0xff));
}
