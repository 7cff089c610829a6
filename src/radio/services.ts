import {
  encodeAdvertisement,
  encodeCurrentTime,
  encodeMetric,
  encodeScanResponse,
  GATT_SERVICES,
  metricCharacteristic,
  METRICS_SERVICE,
  metricUuid,
  utf8Bytes,
} from '@perigee/gatt';
import type { BthomeEntry, BthomeSeal, QuantityName, WallTime } from '@perigee/gatt';
import type { Advertisement, GattCharacteristic, GattService, Unit } from '../domain/index.js';

/** A metric that everyone nearby may read. */
export interface FeaturedMetric {
  /** For people: "CPU temperature". */
  readonly label: string;
  readonly unit: Unit;
  /** What it is, where its unit does not say. */
  readonly quantity?: QuantityName | undefined;
  /** The newest value, in `unit`; undefined while there is none. */
  readonly read: () => number | undefined;
}

/** What Device Information says. */
export interface DeviceIdentity {
  readonly manufacturer: string;
  readonly model: string;
  readonly firmware: string;
  /** The gateway id. */
  readonly serial: string;
}

export interface ServiceSources {
  /** At most 16. Order is identity: a metric's UUID comes from its place. */
  readonly featured: readonly FeaturedMetric[];
  readonly identity: DeviceIdentity;
  /** The board's own time; undefined while its clock was never set. */
  readonly time: () => WallTime | undefined;
  /** The bytes of a perigee.v1.GatewayInfo now, at most 512. */
  readonly info: () => Uint8Array;
}

/** The GATT database of a gateway: Device Information and the metrics service. */
export function buildServices({ featured, identity, info, time }: ServiceSources): readonly GattService[] {
  return [
    { uuid: GATT_SERVICES.deviceInformation.uuid, characteristics: deviceInformation(identity) },
    {
      uuid: GATT_SERVICES.metrics.uuid,
      characteristics: [
        { ...served(GATT_SERVICES.metrics.characteristics.info), descriptors: [], read: info },
        ...featured.map(metric),
      ],
    },
    {
      uuid: GATT_SERVICES.time.uuid,
      characteristics: [
        {
          ...served(GATT_SERVICES.time.characteristics.now),
          descriptors: [],
          read: () => encodeCurrentTime(time()),
        },
      ],
    },
  ];
}

/** Where the metric at `index` of `featured` is found by Radio.notify. */
export function metricAddress(index: number): readonly [serviceUuid: string, characteristicUuid: string] {
  return [METRICS_SERVICE, metricUuid(index)];
}

/** Where Radio.notify finds the time, when the clock was set. */
export const TIME_ADDRESS: readonly [serviceUuid: string, characteristicUuid: string] = [
  GATT_SERVICES.time.uuid,
  GATT_SERVICES.time.characteristics.now.uuid,
];

/** Live values for everyone who listens, or who has the key; and who it is. No values at all without `entries`. */
export function buildAdvertisement(
  name: string,
  entries?: readonly BthomeEntry[],
  seal?: BthomeSeal,
): Advertisement {
  return { data: encodeAdvertisement(entries, seal), scanResponse: encodeScanResponse(name) };
}

function deviceInformation(identity: DeviceIdentity): readonly GattCharacteristic[] {
  const keys = ['manufacturer', 'model', 'serial', 'firmware'] as const;
  return keys.map((key) => {
    const value = utf8Bytes(identity[key]);
    const row = GATT_SERVICES.deviceInformation.characteristics[key];
    return { ...served(row), descriptors: [], read: () => value };
  });
}

function metric({ label, unit, read }: FeaturedMetric, index: number): GattCharacteristic {
  const { uuid, descriptors } = metricCharacteristic(index, { label, unit });
  const { properties } = GATT_SERVICES.metrics.characteristics.metric;
  return { uuid, descriptors, properties, read: () => encodeMetric(unit, read()) };
}

/** What the table says of a characteristic that is its own. */
function served<T extends Pick<GattCharacteristic, 'uuid' | 'properties'>>({
  properties,
  uuid,
}: T): Pick<T, 'uuid' | 'properties'> {
  return { uuid, properties };
}
