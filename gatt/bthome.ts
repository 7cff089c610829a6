import { BTHOME_OBJECT, bthomeObject, BUTTON_EVENTS, COMMANDS, DIMMER_EVENTS } from './bthome-objects.js';
import type { BthomeObject } from './bthome-objects.js';
import { concat } from './bytes.js';
import { utf8Text } from './utf8.js';

/** A measurement to be said: a number for what is one, a boolean for what is on or off. */
export interface BthomeEntry {
  /** Of the format's table. */
  readonly id: number;
  /** In the table's unit. */
  readonly value: number | boolean;
}

/** A measurement that was heard. */
export interface BthomeReading {
  readonly id: number;
  readonly name: string;
  /** Text for events, versions, times and what is text or raw (in hexadecimal) itself. */
  readonly value: number | boolean | string;
  readonly unit: string;
}

/** The smallest factor of the table: more digits than this are none. */
const DECIMALS = 1e6;

/** The objects of service data, in the ascending order that the format demands; several of one id stay in theirs. */
export function encodeObjects(entries: readonly BthomeEntry[]): Uint8Array {
  const sorted = [...entries].sort((a, b) => a.id - b.id);
  return concat(
    ...sorted.map(({ id, value }) => concat(Uint8Array.of(id), toWire(bthomeObject(id), Number(value)))),
  );
}

/** How many bytes of a packet an object takes, of those that are said. */
export function objectBytes(id: number): number {
  return 1 + numeric(bthomeObject(id)).bytes;
}

/** By which receivers tell measurements apart. */
export function objectName(id: number): string {
  return bthomeObject(id)?.name ?? '';
}

/**
 * Stops before an object that it does not know, as the format says, since nothing tells its length; and before one that
 * is cut short.
 */
export function decodeObjects(bytes: Uint8Array): readonly BthomeReading[] {
  const readings: BthomeReading[] = [];
  for (let at = 0; at < bytes.length;) {
    const object = bthomeObject(bytes[at] ?? 0);
    if (object === undefined) break;
    const rest = bytes.subarray(at + 1);
    const length = lengthOf(object, rest);
    if (length === undefined || length > rest.length) break;
    const { id, name, unit } = object;
    readings.push({ id, name, value: fromWire(object, rest.subarray(0, length)), unit });
    at += 1 + length;
  }
  return readings;
}

/** "temperature 21.5 °C", "door open". */
export function describeReading({ id, name, unit, value }: BthomeReading): string {
  const object = bthomeObject(id);
  const isWord = object?.kind === 'boolean' && typeof value === 'boolean';
  return `${name} ${isWord ? object.words[value ? 1 : 0] : String(value)} ${unit}`.trimEnd();
}

/** With what stands in front of the value itself; undefined where that is missing. */
function lengthOf(object: BthomeObject, rest: Uint8Array): number | undefined {
  if ('bytes' in object) return object.bytes;
  const [first] = rest;
  if (first === undefined) return undefined;
  // The length of a command's arguments is in five bits, and an opcode stands in front of them.
  return object.kind === 'command' ? 2 + (first & 0x1f) : 1 + first;
}

function fromWire(object: BthomeObject, bytes: Uint8Array): number | boolean | string {
  const [first = 0, second = 0] = bytes;
  switch (object.kind) {
    case 'unsigned':
      return scaled(unsigned(bytes), object.factor);
    case 'signed':
      return scaled(signed(bytes), object.factor);
    case 'boolean':
      return first !== 0;
    case 'button':
      return BUTTON_EVENTS[first] ?? `event ${first}`;
    case 'dimmer':
      return withSteps(DIMMER_EVENTS[first] ?? `event ${first}`, second);
    case 'command':
      return withSteps(COMMANDS[second] ?? `command ${second}`, bytes[2]);
    case 'timestamp':
      return new Date(unsigned(bytes) * 1000).toISOString();
    case 'version':
      return [...bytes].reverse().join('.');
    case 'text':
      return utf8Text(bytes.subarray(1));
    case 'raw':
      return [...bytes.subarray(1)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  }
}

function withSteps(event: string, steps: number | undefined): string {
  return steps === undefined || event === 'none'
    ? event
    : `${event} ${steps} ${steps === 1 ? 'step' : 'steps'}`;
}

/** The packet id wraps; everything else saturates: a wrong end of the scale misleads less than a number that wrapped. */
function toWire(object: BthomeObject | undefined, value: number): Uint8Array {
  const { bytes, factor, isSigned } = numeric(object);
  const span = 2 ** (8 * bytes);
  const [least, most] = isSigned ? [-span / 2, span / 2 - 1] : [0, span - 1];
  const raw = Math.round(value / factor);
  const fitting = object?.id === BTHOME_OBJECT.packetId ? raw % span : Math.min(Math.max(raw, least), most);
  const unsignedRaw = fitting < 0 ? fitting + span : fitting;
  return Uint8Array.from({ length: bytes }, (_, i) => Math.floor(unsignedRaw / 2 ** (8 * i)) % 256);
}

function numeric(object: BthomeObject | undefined): { bytes: number; factor: number; isSigned: boolean } {
  if (object?.kind === 'boolean') return { bytes: 1, factor: 1, isSigned: false };
  if (object?.kind === 'unsigned' || object?.kind === 'signed')
    return { bytes: object.bytes, factor: object.factor, isSigned: object.kind === 'signed' };
  throw new RangeError('only numbers, and what is on or off, are said');
}

function scaled(raw: number, factor: number): number {
  return Math.round(raw * factor * DECIMALS) / DECIMALS;
}

function unsigned(bytes: Uint8Array): number {
  return bytes.reduceRight((sum, byte) => sum * 256 + byte, 0);
}

function signed(bytes: Uint8Array): number {
  const span = 2 ** (8 * bytes.length);
  const raw = unsigned(bytes);
  return raw >= span / 2 ? raw - span : raw;
}
