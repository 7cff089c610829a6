/**
 * Every UUID of the contract: 16-bit (assigned) or 128-bit (ours), lower-case hexadecimal without hyphens.
 *
 * Ours share one random base that has a 16-bit slot in the place where the Bluetooth base has one, so that a packet
 * sniffer or a generic app shows them side by side. Slots: 0x0001 metrics service, 0x0002 info, 0x0003 live, 0x0004 catalogue,
 * 0x0010 control service, 0x0011 rx, 0x0012 tx, 0x0100–0x010f featured metrics. Slots are never reused for another meaning.
 */
const BASE_HEAD = 'f108';
const BASE_TAIL = '9fc54cb9b731b8b91bcbc4df';

const METRIC_SLOT = 0x0100;

/** A phone discovers all of them in a few round trips, and a screen still shows them. */
export const MAX_FEATURED_METRICS = 16;

export function slotUuid(slot: number): string {
  if (!Number.isInteger(slot) || slot < 0 || slot > 0xffff) throw new RangeError(`${slot} is no 16-bit slot`);
  return BASE_HEAD + slot.toString(16).padStart(4, '0') + BASE_TAIL;
}

export function metricUuid(index: number): string {
  if (index >= MAX_FEATURED_METRICS)
    throw new RangeError(`at most ${MAX_FEATURED_METRICS} metrics are featured`);
  return slotUuid(METRIC_SLOT + index);
}

/** What a phone looks for in an advertisement, and the service that holds the featured metrics. */
export const METRICS_SERVICE = slotUuid(0x0001);
/** Its value is one perigee.v1.GatewayInfo (proto/perigee/v1/ble.proto). */
export const INFO_CHARACTERISTIC = slotUuid(0x0002);
/** All featured metrics at once (live.ts). */
export const LIVE_CHARACTERISTIC = slotUuid(0x0003);
/** Its value is one perigee.v1.PublicCatalogue: what the ids of the live values are. */
export const CATALOGUE_CHARACTERISTIC = slotUuid(0x0004);

/** What goes on in a session, over two characteristics: the phone writes to rx, and tx notifies. */
export const CONTROL_SERVICE = slotUuid(0x0010);
export const RX_CHARACTERISTIC = slotUuid(0x0011);
export const TX_CHARACTERISTIC = slotUuid(0x0012);

/** Assigned numbers, 3.4: the services and characteristics of others that we serve. */
export const DEVICE_INFORMATION_SERVICE = '180a';
export const DEVICE_INFORMATION = {
  model: '2a24',
  serial: '2a25',
  firmware: '2a26',
  manufacturer: '2a29',
} as const;

export const ENVIRONMENT_SERVICE = '181a';
export const ENVIRONMENT = { temperature: '2a6e', humidity: '2a6f', pressure: '2a6d' } as const;
export const TRIGGER_SETTING = '290d';

export const CURRENT_TIME_SERVICE = '1805';
export const CURRENT_TIME = '2a2b';

export const USER_DESCRIPTION = '2901';
export const PRESENTATION_FORMAT = '2904';
/** BTHome's service data; an assigned number of Allterco. */
export const BTHOME_SERVICE = 'fcd2';

/** As it stands in advertisements and ATT: little-endian. */
export function uuidBytes(uuid: string): Uint8Array {
  if (!/^([0-9a-f]{4}|[0-9a-f]{32})$/.test(uuid)) throw new RangeError(`"${uuid}" is no UUID`);
  const bytes = new Uint8Array(uuid.length / 2);
  for (let i = 0; i < bytes.length; i++)
    bytes[bytes.length - 1 - i] = Number.parseInt(uuid.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}
