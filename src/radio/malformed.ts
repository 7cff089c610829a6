import type { AttributeEntry } from './bleno-types.js';

/**
 * What the bleno packages cannot take, as rules over bytes. Both were fed crafted packets; every rule stands for one
 * that ended or wedged the process. Core specification 5.0: HCI events vol 2, part E, 7.7; ATT vol 3, part F, 3.4.
 */

/** A phone's requests fit 512 bytes of value and their head; what claims more is no request. */
const MAX_L2CAP_BYTES = 1024;
const MAX_VALUE_BYTES = 512;

const ACL = 0x02;
const EVENT = 0x04;
const CONTINUING = 1;

/** Fewest bytes, packet type and length included, of the events that a peripheral's host reads without looking. */
const EVENT_BYTES: Readonly<Partial<Record<number, number>>> = {
  0x05: 7,
  0x08: 7,
  0x0e: 7,
  0x0f: 7,
  0x13: 4,
  0x3e: 5,
};
const DISCONNECTION_COMPLETE = 0x05;
const COMPLETED_PACKETS = 0x13;
const COMMAND_COMPLETE = 0x0e;
const LE_META = 0x3e;
/** Where the two answers about buffers have how many there are; their size is at 7 in both. */
const BUFFER_COUNT_AT: Readonly<Partial<Record<number, number>>> = { 0x2002: 9, 0x1005: 10 };
/** The smallest buffer that a controller may have (vol 2, part E, 7.8.2). */
const MIN_BUFFER_BYTES = 27;
/** Fewest bytes of the LE events that are read. */
const LE_EVENT_BYTES: Readonly<Partial<Record<number, number>>> = { 0x01: 22, 0x03: 13 };
const LE_CONNECTION_COMPLETE = 0x01;

/** Why the host must not see this packet, if it must not. `assembled` is what it has of the connection's last one. */
export function packetFault(
  packet: Buffer,
  assembled: (handle: number) => { readonly data: Buffer; readonly length: number } | undefined,
): string | undefined {
  if (packet[0] === EVENT) return eventFault(packet);
  if (packet[0] === ACL) return aclFault(packet, assembled);
  return 'no packet of a controller';
}

/** The controller has sent packets, and has room for others. */
export function isCompletion(packet: Buffer): boolean {
  return packet[0] === EVENT && packet[1] === COMPLETED_PACKETS;
}

function eventFault(packet: Buffer): string | undefined {
  const code = packet[1] ?? 0;
  if (packet.length < 3 || packet.length < (EVENT_BYTES[code] ?? 3)) return 'an event without its parameters';
  if (code === DISCONNECTION_COMPLETE && packet[3] !== 0) return 'a disconnection that did not happen';
  if (code === COMPLETED_PACKETS && packet.length < 4 + 4 * (packet[3] ?? 0))
    return 'fewer counts than handles';
  if (code === COMMAND_COMPLETE && hasUselessBuffers(packet)) return 'buffers that hold no packet';
  if (code !== LE_META) return undefined;
  const leCode = packet[3] ?? 0;
  if (packet.length < (LE_EVENT_BYTES[leCode] ?? 5)) return 'an LE event without its parameters';
  return leCode === LE_CONNECTION_COMPLETE && packet[4] !== 0
    ? 'a connection that did not come about'
    : undefined;
}

/** With these, nothing would be sent any more, or a byte a packet. Bytes of 0 say that others serve for LE too. */
function hasUselessBuffers(answer: Buffer): boolean {
  const countAt = BUFFER_COUNT_AT[answer.readUInt16LE(4)];
  if (countAt === undefined || answer[6] !== 0 || answer.length <= countAt) return false;
  const bytes = answer.readUInt16LE(7);
  return bytes > 0 && (bytes < MIN_BUFFER_BYTES || answer[countAt] === 0);
}

function aclFault(packet: Buffer, assembled: Parameters<typeof packetFault>[1]): string | undefined {
  if (packet.length < 5) return 'data without a header';
  const flags = packet.readUInt16LE(1) >> 12;
  if (flags !== CONTINUING) {
    if (packet.length < 9) return 'a first fragment without an L2CAP header';
    const length = packet.readUInt16LE(5);
    if (length > MAX_L2CAP_BYTES) return 'an L2CAP packet that is too long';
    return packet.length - 9 > length ? 'more data than the L2CAP header says' : undefined;
  }
  const begun = assembled(packet.readUInt16LE(1) & 0x0fff);
  if (begun === undefined) return 'a continuing fragment of nothing';
  return begun.data.length + packet.length - 5 > begun.length
    ? 'more data than the L2CAP header says'
    : undefined;
}

/** ATT error codes (3.4.1.1). */
export const ATT_ERROR = {
  readNotPermitted: 0x02,
  writeNotPermitted: 0x03,
  invalidPdu: 0x04,
  invalidOffset: 0x07,
  attributeNotFound: 0x0a,
  unlikely: 0x0e,
  insufficientResources: 0x11,
  /** Common profile error (Core Specification Supplement, part B, 1.2): subscribe first. */
  notSubscribed: 0xfd,
} as const;

const ATT = {
  findByType: 0x06,
  readByType: 0x08,
  write: 0x12,
  prepareWrite: 0x16,
  confirmation: 0x1e,
  writeCommand: 0x52,
} as const;
/** Bit of an opcode that nobody answers (3.3.1). */
const COMMAND_BIT = 0x40;
const PROPERTY_READ = 0x02;

/** Fewest bytes of each request: its fixed part. */
const REQUEST_BYTES: Readonly<Partial<Record<number, number>>> = {
  0x02: 3,
  0x04: 5,
  0x06: 7,
  0x08: 7,
  0x0a: 3,
  0x0c: 5,
  0x10: 7,
  0x12: 3,
  0x16: 5,
  0x18: 2,
  0x52: 3,
};

interface AttFault {
  /** Absent when nobody waits for an answer. */
  readonly response?: Buffer;
}

/** The refusal that a request gets instead of being handled, if it gets one. */
export function requestFault(
  request: Buffer,
  attributes: readonly (AttributeEntry | undefined)[],
): AttFault | undefined {
  const opcode = request[0];
  if (opcode === undefined) return {};
  // A command that nobody knows is ignored (3.3.2); below, it gets an error that its sender does not expect.
  if ((opcode & COMMAND_BIT) !== 0 && opcode !== ATT.writeCommand) return {};
  if (request.length < (REQUEST_BYTES[opcode] ?? 1)) return refusal(opcode, 0, ATT_ERROR.invalidPdu);
  switch (opcode) {
    case ATT.findByType:
      return request.length === 7
        ? refusal(opcode, request.readUInt16LE(1), ATT_ERROR.attributeNotFound)
        : undefined;
    case ATT.readByType:
      return readByTypeFault(request, attributes);
    case ATT.write:
    case ATT.writeCommand:
      return writeFault(opcode, request.readUInt16LE(1), attributes);
    case ATT.prepareWrite: {
      const tooLong = request.readUInt16LE(3) + request.length - 5 > MAX_VALUE_BYTES;
      return tooLong ? refusal(opcode, request.readUInt16LE(1), ATT_ERROR.invalidOffset) : undefined;
    }
    default:
      return undefined;
  }
}

export function errorResponse(opcode: number, handle: number, error: number): Buffer {
  return Buffer.of(0x01, opcode, handle & 0xff, handle >> 8, error);
}

export function expectsAnswer(opcode: number): boolean {
  return (opcode & COMMAND_BIT) === 0 && opcode !== ATT.confirmation;
}

function refusal(opcode: number, handle: number, error: number): AttFault {
  return expectsAnswer(opcode) ? { response: errorResponse(opcode, handle, error) } : {};
}

/** Below, a write to the declaration of a characteristic counts as a write to its value. */
function writeFault(
  opcode: number,
  handle: number,
  attributes: Parameters<typeof requestFault>[1],
): AttFault | undefined {
  const declaration = attributes[handle]?.type === 'characteristic';
  return declaration ? refusal(opcode, handle, ATT_ERROR.writeNotPermitted) : undefined;
}

/** Below, reading by type asks nobody whether the characteristic may be read. */
function readByTypeFault(
  request: Buffer,
  attributes: Parameters<typeof requestFault>[1],
): AttFault | undefined {
  const [first, last] = [request.readUInt16LE(1), request.readUInt16LE(3)];
  const uuid = Buffer.from(request.subarray(5)).reverse().toString('hex');
  const found = attributes
    .slice(first, last + 1)
    .find((entry) => entry?.type === 'characteristic' && entry.uuid === uuid);
  if (found === undefined || ((found.properties ?? 0) & PROPERTY_READ) !== 0) return undefined;
  return refusal(ATT.readByType, found.valueHandle ?? 0, ATT_ERROR.readNotPermitted);
}
