import { BTHOME_SERVICE, decodeBthome, METRICS_SERVICE } from '@perigee/gatt';
import type { BthomeData } from '@perigee/gatt';
import type { NoblePeripheral } from './noble-types.js';

/** A device as it is heard, with no connection. */
export interface Sighting {
  readonly address: string;
  /** Of a gateway at most 11 bytes are advertised; empty for one without. */
  readonly name: string;
  /** Null where the controller does not know it. */
  readonly rssiDbm: number | null;
  /** One of ours: the service's UUID tells. */
  readonly isGateway: boolean;
  /** What it says to everyone, if anything. */
  readonly bthome?: BthomeData;
}

/** Of a report without a signal strength (Core specification, vol 4, part E, 7.7.65.2). */
const RSSI_NOT_AVAILABLE = 127;

/** By address in lower case. */
export type BthomeKeys = ReadonlyMap<string, Uint8Array>;

export function sightingOf(
  { address, rssi, advertisement }: NoblePeripheral,
  keys: BthomeKeys = new Map(),
): Sighting {
  const { localName = '', serviceData = [], serviceUuids = [] } = advertisement;
  const data = serviceData.find(({ uuid }) => uuid === BTHOME_SERVICE)?.data;
  const key = keys.get(address.toLowerCase());
  const bthome = data && decodeBthome(data, key && { key, address });
  return {
    ...{ address, name: localName, isGateway: serviceUuids.includes(METRICS_SERVICE) },
    rssiDbm: rssi === RSSI_NOT_AVAILABLE ? null : rssi,
    ...(bthome === undefined ? {} : { bthome }),
  };
}
