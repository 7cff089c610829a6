/**
 * BTHome v2 service data (https://bthome.io/format), so that Home Assistant shows a gateway with no connection at all.
 *
 * grammar: info:u8 { object:u8 value } with objects in ascending order; info 0x40 is version 2, not encrypted.
 */
export interface BthomeValues {
  /** Wraps at 256; a receiver drops repetitions of the last one. */
  readonly packetId?: number;
  /** Degrees Celsius. */
  readonly temperature?: number;
  readonly problem?: boolean;
  readonly running?: boolean;
  /** 0 to 65535. */
  readonly count?: number;
}

interface BthomeObject {
  readonly id: number;
  readonly key: keyof BthomeValues;
  readonly bytes: number;
  readonly kind: 'wrapping' | 'number' | 'signed' | 'boolean';
  readonly perUnit: number;
}

/** Ascending, as the format demands. */
const OBJECTS: readonly BthomeObject[] = [
  { id: 0x00, key: 'packetId', bytes: 1, kind: 'wrapping', perUnit: 1 },
  { id: 0x02, key: 'temperature', bytes: 2, kind: 'signed', perUnit: 100 },
  { id: 0x26, key: 'problem', bytes: 1, kind: 'boolean', perUnit: 1 },
  { id: 0x27, key: 'running', bytes: 1, kind: 'boolean', perUnit: 1 },
  { id: 0x3d, key: 'count', bytes: 2, kind: 'number', perUnit: 1 },
];

const INFO_PLAIN_V2 = 0x40;
const ENCRYPTED = 0x01;
const VERSION_SHIFT = 5;

export function encodeBthome(values: BthomeValues): Uint8Array {
  const bytes = [INFO_PLAIN_V2];
  for (const object of OBJECTS) {
    const value = values[object.key];
    if (value === undefined || Number.isNaN(value)) continue;
    const raw = toWire(object, Number(value));
    bytes.push(object.id, raw & 0xff);
    if (object.bytes === 2) bytes.push((raw >> 8) & 0xff);
  }
  return Uint8Array.from(bytes);
}

/**
 * Undefined when it is not plain BTHome v2. The reader stops before an object that it does not know, as the format
 * says, since nothing tells its length.
 */
export function decodeBthome(bytes: Uint8Array): BthomeValues | undefined {
  const info = bytes[0];
  if (info === undefined || (info & ENCRYPTED) !== 0 || info >> VERSION_SHIFT !== 2) return undefined;
  const values: Partial<Record<keyof BthomeValues, number | boolean>> = {};
  for (let at = 1; at < bytes.length;) {
    const object = OBJECTS.find(({ id }) => id === bytes[at]);
    if (object === undefined || at + 1 + object.bytes > bytes.length) break;
    values[object.key] = fromWire(
      object,
      (bytes[at + 1] ?? 0) | (object.bytes === 2 ? (bytes[at + 2] ?? 0) << 8 : 0),
    );
    at += 1 + object.bytes;
  }
  return values as BthomeValues;
}

function toWire(object: BthomeObject, value: number): number {
  const raw = Math.round(value * object.perUnit);
  const span = 2 ** (8 * object.bytes);
  switch (object.kind) {
    case 'wrapping':
      return raw % span;
    case 'signed':
      return Math.min(Math.max(raw, -span / 2), span / 2 - 1);
    case 'number':
    case 'boolean':
      return Math.min(Math.max(raw, 0), span - 1);
  }
}

function fromWire(object: BthomeObject, raw: number): number | boolean {
  const half = 2 ** (8 * object.bytes - 1);
  switch (object.kind) {
    case 'wrapping':
    case 'number':
      return raw / object.perUnit;
    case 'signed':
      return (raw >= half ? raw - 2 * half : raw) / object.perUnit;
    case 'boolean':
      return raw !== 0;
  }
}
