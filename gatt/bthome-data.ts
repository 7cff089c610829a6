import { decodeObjects, encodeObjects } from './bthome.js';
import type { BthomeEntry, BthomeReading } from './bthome.js';
import { concat } from './bytes.js';
import { ccmOpen, ccmSeal } from './ccm.js';
import { BTHOME_SERVICE, uuidBytes } from './uuids.js';

/**
 * BTHome v2 service data (https://bthome.io/format and /encryption), so that Home Assistant shows a gateway with no
 * connection at all.
 *
 * grammar: info:u8 objects, or info:u8 sealed objects, counter:u32le tag[4]; info is version 2 in the upper three bits,
 * and in the lower ones: encrypted (1), an address in front (2), says something only when something happens (4).
 */
const VERSION = 2;
const VERSION_SHIFT = 5;
const ENCRYPTED = 0x01;
const ADDRESS_IN_FRONT = 0x02;
const TRIGGERED = 0x04;
const ADDRESS_BYTES = 6;
const COUNTER_BYTES = 4;
const TAG_BYTES = 4;

export const BTHOME_KEY_BYTES = 16;
/** What the encrypted form takes of a packet. */
export const BTHOME_SEAL_BYTES = COUNTER_BYTES + TAG_BYTES;
/** No counter is used twice with one key and address, and so a key ends with this one. */
export const MAX_BTHOME_COUNTER = 2 ** 32 - 1;

interface BthomeSecret {
  readonly key: Uint8Array;
  /** Of the device, as phones see it: "54:48:e6:8f:80:a5". */
  readonly address: string;
}

export interface BthomeSeal extends BthomeSecret {
  /** Higher each time; receivers drop what is not. */
  readonly counter: number;
}

export type BthomeData = {
  /** It says something only when something happens, and is not gone when it is silent. */
  readonly triggered: boolean;
} & (
  | { readonly kind: 'plain'; readonly readings: readonly BthomeReading[] }
  | { readonly kind: 'opened'; readonly readings: readonly BthomeReading[]; readonly counter: number }
  /** Encrypted, and no key was given or not this one. */
  | { readonly kind: 'sealed' }
);

export function encodeBthome(entries: readonly BthomeEntry[], seal?: BthomeSeal): Uint8Array {
  const objects = encodeObjects(entries);
  const info = VERSION << VERSION_SHIFT;
  if (seal === undefined) return concat(Uint8Array.of(info), objects);
  const counter = counterBytes(seal.counter);
  const sealedInfo = info | ENCRYPTED;
  const nonce = nonceOf(addressBytes(seal.address), sealedInfo, counter);
  const sealed = ccmSeal(seal.key, nonce, objects, TAG_BYTES);
  const ciphertext = sealed.subarray(0, objects.length);
  return concat(Uint8Array.of(sealedInfo), ciphertext, counter, sealed.subarray(objects.length));
}

/** Undefined when it is not BTHome v2. */
export function decodeBthome(bytes: Uint8Array, secret?: BthomeSecret): BthomeData | undefined {
  const info = bytes[0];
  if (info === undefined || info >> VERSION_SHIFT !== VERSION) return undefined;
  const triggered = (info & TRIGGERED) !== 0;
  const start = (info & ADDRESS_IN_FRONT) === 0 ? 1 : 1 + ADDRESS_BYTES;
  const rest = bytes.subarray(start);
  if ((info & ENCRYPTED) === 0) return { kind: 'plain', triggered, readings: decodeObjects(rest) };
  const length = rest.length - BTHOME_SEAL_BYTES;
  if (secret === undefined || length < 0) return { kind: 'sealed', triggered };
  const counter = rest.subarray(length, length + COUNTER_BYTES);
  const address = start === 1 ? addressBytes(secret.address) : bytes.slice(1, start).reverse();
  const sealed = concat(rest.subarray(0, length), rest.subarray(length + COUNTER_BYTES));
  const objects = ccmOpen(secret.key, nonceOf(address, info, counter), sealed, TAG_BYTES);
  if (objects === undefined) return { kind: 'sealed', triggered };
  const number = new DataView(counter.buffer, counter.byteOffset).getUint32(0, true);
  return { kind: 'opened', triggered, readings: decodeObjects(objects), counter: number };
}

/** "54:48:e6:8f:80:a5", in either case: what a device is known by. */
export function isBluetoothAddress(text: string): boolean {
  return /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text);
}

function nonceOf(address: Uint8Array, info: number, counter: Uint8Array): Uint8Array {
  return concat(address, uuidBytes(BTHOME_SERVICE), Uint8Array.of(info), counter);
}

function addressBytes(address: string): Uint8Array {
  if (!isBluetoothAddress(address)) throw new RangeError(`"${address}" is no Bluetooth address`);
  return Uint8Array.from(address.split(':'), (byte) => Number.parseInt(byte, 16));
}

function counterBytes(counter: number): Uint8Array {
  if (!Number.isInteger(counter) || counter < 0 || counter > MAX_BTHOME_COUNTER)
    throw new RangeError(`${counter} is no counter`);
  const bytes = new Uint8Array(COUNTER_BYTES);
  new DataView(bytes.buffer).setUint32(0, counter, true);
  return bytes;
}
