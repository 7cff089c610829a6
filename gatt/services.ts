import {
  CATALOGUE_CHARACTERISTIC,
  CONTROL_SERVICE,
  CURRENT_TIME,
  CURRENT_TIME_SERVICE,
  DEVICE_INFORMATION,
  DEVICE_INFORMATION_SERVICE,
  ENVIRONMENT,
  ENVIRONMENT_SERVICE,
  INFO_CHARACTERISTIC,
  LIVE_CHARACTERISTIC,
  MAX_FEATURED_METRICS,
  metricUuid,
  METRICS_SERVICE,
  RX_CHARACTERISTIC,
  TX_CHARACTERISTIC,
} from './uuids.js';

type Property = 'read' | 'write' | 'writeWithoutResponse' | 'notify';

interface CharacteristicRow {
  /** The first of `count` in a row. */
  readonly uuid: string;
  readonly count?: number;
  readonly name: string;
  readonly properties: readonly Property[];
  /** What its bytes are. */
  readonly value: string;
}

interface ServiceRow {
  readonly uuid: string;
  readonly name: string;
  /** Who may, and how. */
  readonly access: string;
  readonly characteristics: Readonly<Record<string, CharacteristicRow>>;
}

const READ = ['read'] as const;

const text = (
  uuid: string,
  name: string,
  value: string,
): CharacteristicRow & { readonly properties: typeof READ } => ({
  ...{ uuid, name, properties: READ, value: `${value}, UTF-8` },
});

const READ_NOTIFY = ['read', 'notify'] as const;

const environment = (
  uuid: string,
  name: string,
  format: string,
): CharacteristicRow & { readonly properties: typeof READ_NOTIFY } => ({
  ...{ uuid, name, properties: READ_NOTIFY },
  value: `${format}: the first featured metric of this kind; descriptor 2901 tells which`,
});

/** Everything that a gateway serves, as data: the radio builds its database of it, and docs/gatt.md is made of it. */
export const GATT_SERVICES = {
  deviceInformation: {
    uuid: DEVICE_INFORMATION_SERVICE,
    name: 'Device Information',
    access: 'anyone',
    characteristics: {
      manufacturer: text(DEVICE_INFORMATION.manufacturer, 'Manufacturer Name', 'Perigee'),
      model: text(DEVICE_INFORMATION.model, 'Model Number', 'Gateway'),
      serial: text(DEVICE_INFORMATION.serial, 'Serial Number', 'the gateway id, 16 hexadecimal digits'),
      firmware: text(DEVICE_INFORMATION.firmware, 'Firmware Revision', 'the version'),
    },
  },
  metrics: {
    uuid: METRICS_SERVICE,
    name: 'Metrics',
    access: 'anyone',
    characteristics: {
      info: {
        ...{ uuid: INFO_CHARACTERISTIC, name: 'Info', properties: ['read'] },
        value: '`perigee.v1.GatewayInfo` (proto/perigee/v1/ble.proto)',
      },
      live: {
        ...{ uuid: LIVE_CHARACTERISTIC, name: 'Live values', properties: ['read', 'notify'] },
        value: 'all featured metrics at once; the newest wins',
      },
      catalogue: {
        ...{ uuid: CATALOGUE_CHARACTERISTIC, name: 'Catalogue', properties: ['read'] },
        value:
          '`perigee.v1.PublicCatalogue` (proto/perigee/v1/ble.proto): what the ids of the live values are',
      },
      metric: {
        ...{ uuid: metricUuid(0), count: MAX_FEATURED_METRICS, name: 'Featured metric' },
        properties: ['read', 'notify'],
        value: 'an integer; descriptor 2901 has its name, 2904 its format, exponent and unit',
      },
    },
  },
  environment: {
    uuid: ENVIRONMENT_SERVICE,
    name: 'Environmental Sensing',
    access: 'anyone',
    characteristics: {
      temperature: environment(ENVIRONMENT.temperature, 'Temperature', 'sint16, 0.01 °C'),
      humidity: environment(ENVIRONMENT.humidity, 'Humidity', 'uint16, 0.01 %'),
      pressure: environment(ENVIRONMENT.pressure, 'Pressure', 'uint32, 0.1 Pa'),
    },
  },
  time: {
    uuid: CURRENT_TIME_SERVICE,
    name: 'Current Time',
    access: 'anyone',
    characteristics: {
      now: {
        ...{ uuid: CURRENT_TIME, name: 'Current Time', properties: ['read', 'notify'] },
        value: "the board's own time; all zeros while its clock was never set; notified when that is set",
      },
    },
  },
  control: {
    uuid: CONTROL_SERVICE,
    name: 'Control',
    access: 'anyone may begin a session; what it allows is by role',
    characteristics: {
      rx: {
        ...{ uuid: RX_CHARACTERISTIC, name: 'Rx', properties: ['write', 'writeWithoutResponse'] },
        value: 'a fragment from the phone; answered with 0xFD before it has subscribed to Tx',
      },
      tx: {
        ...{ uuid: TX_CHARACTERISTIC, name: 'Tx', properties: ['notify'] },
        value: 'a fragment to this phone alone',
      },
    },
  },
} as const satisfies Readonly<Record<string, ServiceRow>>;
