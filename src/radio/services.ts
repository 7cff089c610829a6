import {
  encodeAdvertisement,
  encodeCurrentTime,
  encodeLive,
  encodeMetric,
  encodeScanResponse,
  ENVIRONMENT,
  environmentCharacteristic,
  GATT_SERVICES,
  metricCharacteristic,
  METRICS_SERVICE,
  metricUuid,
  nameDescriptor,
  quantityOf,
  unitsOf,
  utf8Bytes,
} from '@perigee/gatt';
import type { BthomeEntry, BthomeSeal, LiveValues, QuantityName, WallTime } from '@perigee/gatt';
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

interface LiveSources {
  /** The count of changes so far, and the Unix time in seconds; undefined while the clock was never set. */
  readonly now: () => Pick<LiveValues, 'sequence' | 'unixSeconds'>;
  /** The bytes of a perigee.v1.PublicCatalogue, at most 512. */
  readonly catalogue: Uint8Array;
}

export interface ServiceSources {
  /** At most 16. Order is identity: a metric's UUID comes from its place. */
  readonly featured: readonly FeaturedMetric[];
  readonly identity: DeviceIdentity;
  /** The board's own time; undefined while its clock was never set. */
  readonly time: () => WallTime | undefined;
  /** The bytes of a perigee.v1.GatewayInfo now, at most 512. */
  readonly info: () => Uint8Array;
  /** For phones that take all metrics at once. */
  readonly stream?: LiveSources;
}

/** The GATT database of a gateway: what is for everyone. Without featured metrics, it has nothing that carries values. */
export function buildServices(sources: ServiceSources): readonly GattService[] {
  const { featured, identity, info, time } = sources;
  const { characteristics } = GATT_SERVICES.metrics;
  const environment = environmentOf(featured);
  return [
    { uuid: GATT_SERVICES.deviceInformation.uuid, characteristics: deviceInformation(identity) },
    {
      uuid: GATT_SERVICES.metrics.uuid,
      characteristics: [
        { ...named(characteristics.info), read: info },
        ...streamOf(sources),
        ...featured.map(metric),
      ],
    },
    ...(environment.length === 0
      ? []
      : [{ uuid: GATT_SERVICES.environment.uuid, characteristics: environment }]),
    {
      uuid: GATT_SERVICES.time.uuid,
      characteristics: [
        { ...named(GATT_SERVICES.time.characteristics.now), read: () => encodeCurrentTime(time()) },
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

/** Where Radio.notify finds all metrics at once. */
export const LIVE_ADDRESS: readonly [serviceUuid: string, characteristicUuid: string] = [
  METRICS_SERVICE,
  GATT_SERVICES.metrics.characteristics.live.uuid,
];

/** Where Radio.notify finds a metric, as its own characteristic and as one of Environmental Sensing. */
export function addressesOf(
  featured: readonly FeaturedMetric[],
  index: number,
): readonly (readonly [serviceUuid: string, characteristicUuid: string])[] {
  const kind = ENVIRONMENT_KINDS.find((each) => firstOf(featured, each) === featured[index]);
  return [
    metricAddress(index),
    ...(kind === undefined ? [] : [[GATT_SERVICES.environment.uuid, ENVIRONMENT[kind]] as const]),
  ];
}

function streamOf({ featured, stream }: ServiceSources): readonly GattCharacteristic[] {
  if (stream === undefined || featured.length === 0) return [];
  const { characteristics } = GATT_SERVICES.metrics;
  const values = (): LiveValues['values'] => featured.map(({ read }, id) => ({ id, value: read() }));
  return [
    { ...named(characteristics.live), read: () => encodeLive({ ...stream.now(), values: values() }) },
    { ...named(characteristics.catalogue), read: () => stream.catalogue },
  ];
}

const ENVIRONMENT_KINDS = ['temperature', 'humidity', 'pressure'] as const;

/** One of each kind: many phones know a service's characteristics by their UUIDs alone. */
function environmentOf(featured: readonly FeaturedMetric[]): readonly GattCharacteristic[] {
  return ENVIRONMENT_KINDS.flatMap((kind) => {
    const found = firstOf(featured, kind);
    if (found === undefined) return [];
    const row = GATT_SERVICES.environment.characteristics[kind];
    const { descriptors } = environmentCharacteristic(row.uuid, found);
    return [{ ...served(row), descriptors, read: () => encodeMetric(found.unit, found.read()) }];
  });
}

/** Of the unit that the kind has there. */
function firstOf(
  featured: readonly FeaturedMetric[],
  kind: (typeof ENVIRONMENT_KINDS)[number],
): FeaturedMetric | undefined {
  return featured.find(
    ({ quantity, unit }) => quantityOf(unit, quantity) === kind && unitsOf(kind).includes(unit),
  );
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

/** The same, with the table's name for apps to show. */
function named(
  row: Pick<GattCharacteristic, 'uuid' | 'properties'> & { readonly name: string },
): Omit<GattCharacteristic, 'read'> {
  return { ...served(row), descriptors: [nameDescriptor(row.name)] };
}

/** What the table says of a characteristic that is its own. */
function served<T extends Pick<GattCharacteristic, 'uuid' | 'properties'>>({
  properties,
  uuid,
}: T): Pick<T, 'uuid' | 'properties'> {
  return { uuid, properties };
}
