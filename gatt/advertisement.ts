import { decodeBthome, encodeBthome } from './bthome.js';
import type { BthomeValues } from './bthome.js';
import { utf8Prefix, utf8Text } from './utf8.js';
import { BTHOME_SERVICE, METRICS_SERVICE, uuidBytes, uuidText } from './uuids.js';

/**
 * Legacy advertising: two packets of at most 31 bytes, each a sequence of
 *   length:u8 type:u8 data[length - 1]
 * (Core specification, vol 3, part C, 11; Supplement, part A.) The advertisement carries the live values, the scan
 * response says who it is.
 */
export const MAX_ADVERTISEMENT_BYTES = 31;
/** What the 128-bit service UUID leaves of the scan response. */
export const MAX_NAME_BYTES = 11;

const FLAGS = 0x01;
const UUIDS_16_INCOMPLETE = 0x02;
const UUIDS_16 = 0x03;
const UUIDS_128_INCOMPLETE = 0x06;
const UUIDS_128 = 0x07;
const NAME_SHORTENED = 0x08;
const NAME = 0x09;
const SERVICE_DATA_16 = 0x16;

/** LE General Discoverable, no BR/EDR. Home Assistant's passive scan drops packets without flags. */
const DISCOVERABLE = 0x06;

export interface AdvertisedGateway {
  readonly services: readonly string[];
  readonly name?: string;
  readonly bthome?: BthomeValues;
}

export function encodeAdvertisement(values: BthomeValues): Uint8Array {
  return packet([
    structure(FLAGS, Uint8Array.of(DISCOVERABLE)),
    structure(SERVICE_DATA_16, concat([uuidBytes(BTHOME_SERVICE), encodeBthome(values)])),
  ]);
}

/** A name of more than 11 bytes is cut, and marked as shortened; the GAP service has the whole one. */
export function encodeScanResponse(name: string): Uint8Array {
  const shown = utf8Prefix(name, MAX_NAME_BYTES);
  const type = utf8Text(shown) === name ? NAME : NAME_SHORTENED;
  return packet([structure(UUIDS_128, uuidBytes(METRICS_SERVICE)), structure(type, shown)]);
}

/**
 * Reads an advertisement, a scan response, or both behind each other. Whatever is cut short or not understood is left
 * out: the air is full of other people's packets.
 */
export function decodeAdvertisement(bytes: Uint8Array): AdvertisedGateway {
  let found: AdvertisedGateway = { services: [] };
  for (let at = 0; at < bytes.length;) {
    const length = bytes[at] ?? 0;
    const type = bytes[at + 1];
    if (length === 0 || type === undefined || at + 1 + length > bytes.length) break;
    found = decodeStructure(found, type, bytes.subarray(at + 2, at + 1 + length));
    at += 1 + length;
  }
  return found;
}

function decodeStructure(found: AdvertisedGateway, type: number, data: Uint8Array): AdvertisedGateway {
  switch (type) {
    case UUIDS_16:
    case UUIDS_16_INCOMPLETE:
      return { ...found, services: [...found.services, ...uuids(data, 2)] };
    case UUIDS_128:
    case UUIDS_128_INCOMPLETE:
      return { ...found, services: [...found.services, ...uuids(data, 16)] };
    case NAME:
    case NAME_SHORTENED:
      return { ...found, name: utf8Text(data) };
    case SERVICE_DATA_16:
      return { ...found, ...bthomeOf(data) };
    default:
      return found;
  }
}

function uuids(data: Uint8Array, size: number): string[] {
  const count = Math.floor(data.length / size);
  return Array.from({ length: count }, (_, i) => uuidText(data.subarray(i * size, (i + 1) * size)));
}

function bthomeOf(serviceData: Uint8Array): { readonly bthome?: BthomeValues } {
  if (serviceData.length < 2 || uuidText(serviceData.subarray(0, 2)) !== BTHOME_SERVICE) return {};
  const bthome = decodeBthome(serviceData.subarray(2));
  return bthome === undefined ? {} : { bthome };
}

function structure(type: number, data: Uint8Array): Uint8Array {
  return concat([Uint8Array.of(1 + data.length, type), data]);
}

function packet(structures: readonly Uint8Array[]): Uint8Array {
  const bytes = concat(structures);
  if (bytes.length > MAX_ADVERTISEMENT_BYTES) throw new RangeError('an advertisement has at most 31 bytes');
  return bytes;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => Array.from(part)));
}
