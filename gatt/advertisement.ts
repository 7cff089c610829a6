import { encodeBthome } from './bthome.js';
import type { BthomeValues } from './bthome.js';
import { concat } from './bytes.js';
import { utf8Prefix, utf8Text } from './utf8.js';
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

export function encodeAdvertisement(values: BthomeValues): Uint8Array {
  return packet([
    structure(FLAGS, Uint8Array.of(DISCOVERABLE)),
    structure(SERVICE_DATA_16, concat(uuidBytes(BTHOME_SERVICE), encodeBthome(values))),
  ]);
}

/** A name of more than 11 bytes is cut, and marked as shortened; the GAP service has the whole one. */
export function encodeScanResponse(name: string): Uint8Array {
  const shown = utf8Prefix(name, MAX_NAME_BYTES);
  const type = utf8Text(shown) === name ? NAME : NAME_SHORTENED;
  return packet([structure(UUIDS_128, uuidBytes(METRICS_SERVICE)), structure(type, shown)]);
}

function structure(type: number, data: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(1 + data.length, type), data);
}

function packet(structures: readonly Uint8Array[]): Uint8Array {
  const bytes = concat(...structures);
  if (bytes.length > MAX_ADVERTISEMENT_BYTES) throw new RangeError('an advertisement has at most 31 bytes');
  return bytes;
}
