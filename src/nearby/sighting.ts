import { BTHOME_SERVICE, decodeBthome, METRICS_SERVICE } from '@perigee/gatt';
import type { BthomeValues } from '@perigee/gatt';
import type { NoblePeripheral } from './noble-types.js';

/** A gateway as it is heard, with no connection. */
export interface GatewaySighting {
  readonly address: string;
  /** At most 11 bytes of it are advertised; empty for one without. */
  readonly name: string;
  readonly rssiDbm: number;
  readonly values: BthomeValues;
}

/** Undefined for anything but a gateway: the service's UUID tells. */
export function sightingOf({ address, rssi, advertisement }: NoblePeripheral): GatewaySighting | undefined {
  if (advertisement.serviceUuids?.includes(METRICS_SERVICE) !== true) return undefined;
  const data = advertisement.serviceData?.find(({ uuid }) => uuid === BTHOME_SERVICE)?.data;
  const values = (data === undefined ? undefined : decodeBthome(data)) ?? {};
  return { address, name: advertisement.localName ?? '', rssiDbm: rssi, values };
}
