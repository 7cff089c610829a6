import { encodeBthome } from './bthome-data.js';
import type { BthomeSeal } from './bthome-data.js';
import type { BthomeEntry } from './bthome.js';
import { concat } from './bytes.js';
import { utf8Bytes, utf8Prefix, utf8Text } from './utf8.js';
import { BTHOME_SERVICE, METRICS_SERVICE, uuidBytes } from './uuids.js';

/**
 * Legacy advertising: two packets of at most 31 bytes, each a sequence of
 *   length:u8 type:u8 data[length - 1]
 * (Core specification, vol 3, part C, 11; Supplement, part A.) The advertisement carries the live values, the scan
 * response says who it is.
 */
export const MAX_ADVERTISEMENT_BYTES = 31;
/** What the 128-bit service UUID leaves of the scan response. */
const MAX_NAME_BYTES = 11;

const FLAGS = 0x01;
const UUIDS_128 = 0x07;
const NAME_SHORTENED = 0x08;
const NAME = 0x09;
const SERVICE_DATA_16 = 0x16;

/** LE General Discoverable, no BR/EDR. Home Assistant's passive scan drops packets without flags. */
const DISCOVERABLE = 0x06;

/** What the flags, and the head of the service data, leave for BTHome's objects. */
export const MAX_BTHOME_BYTES = 23;

/** Undefined entries: one that says no values at all, but that somebody is here. */
export function encodeAdvertisement(
  entries: readonly BthomeEntry[] | undefined,
  seal?: BthomeSeal,
): Uint8Array {
  const flags = structure(FLAGS, Uint8Array.of(DISCOVERABLE));
  if (entries === undefined) return packet([flags]);
  const data = concat(uuidBytes(BTHOME_SERVICE), encodeBthome(entries, seal));
  return packet([flags, structure(SERVICE_DATA_16, data)]);
}

/** What is heard of a name before a connection: its first 11 bytes of UTF-8, cut between characters. */
export function advertisedName(name: string): string {
  return utf8Text(utf8Prefix(name, MAX_NAME_BYTES));
}

/** A name of more than 11 bytes is cut, and marked as shortened; the GAP service has the whole one. */
export function encodeScanResponse(name: string): Uint8Array {
  const shown = advertisedName(name);
  const type = shown === name ? NAME : NAME_SHORTENED;
  return packet([structure(UUIDS_128, uuidBytes(METRICS_SERVICE)), structure(type, utf8Bytes(shown))]);
}

function structure(type: number, data: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(1 + data.length, type), data);
}

function packet(structures: readonly Uint8Array[]): Uint8Array {
  const bytes = concat(...structures);
  if (bytes.length > MAX_ADVERTISEMENT_BYTES) throw new RangeError('an advertisement has at most 31 bytes');
  return bytes;
}
