import type { MetricUnit } from './units.js';

/** How a kind of quantity is said in BTHome: by which object, and what a value is to be multiplied by, from each unit. */
interface Quantity {
  readonly object: number;
  readonly from: Readonly<Partial<Record<MetricUnit, number>>>;
}

/** What has no unit in Perigee is in the one that BTHome has for it. */
const AS_IT_IS = { none: 1, count: 1 } as const;

/** Every quantity that a metric can be, beyond its unit: a percentage alone may be a humidity or a battery's charge. */
export const QUANTITIES = {
  temperature: { object: 0x02, from: { celsius: 1 } },
  humidity: { object: 0x03, from: { percent: 1 } },
  pressure: { object: 0x04, from: { pascals: 0.01 } },
  battery: { object: 0x01, from: { percent: 1 } },
  moisture: { object: 0x14, from: { percent: 1 } },
  'dew-point': { object: 0x08, from: { celsius: 1 } },
  illuminance: { object: 0x05, from: { lux: 1 } },
  voltage: { object: 0x0c, from: { volts: 1 } },
  current: { object: 0x5d, from: { amperes: 1 } },
  power: { object: 0x0b, from: { watts: 1 } },
  energy: { object: 0x4d, from: AS_IT_IS },
  duration: { object: 0x42, from: { seconds: 1, milliseconds: 0.001 } },
  count: { object: 0x3e, from: AS_IT_IS },
  co2: { object: 0x12, from: AS_IT_IS },
  tvoc: { object: 0x13, from: AS_IT_IS },
  pm25: { object: 0x0d, from: AS_IT_IS },
  pm10: { object: 0x0e, from: AS_IT_IS },
  'uv-index': { object: 0x46, from: AS_IT_IS },
  speed: { object: 0x44, from: AS_IT_IS },
  'rotational-speed': { object: 0x61, from: AS_IT_IS },
  conductivity: { object: 0x56, from: AS_IT_IS },
} as const satisfies Readonly<Record<string, Quantity>>;

export type QuantityName = keyof typeof QUANTITIES;
export const QUANTITY_NAMES = Object.keys(QUANTITIES) as QuantityName[];

/** What a unit means by itself. */
const BY_UNIT: Readonly<Partial<Record<MetricUnit, QuantityName>>> = {
  celsius: 'temperature',
  pascals: 'pressure',
  lux: 'illuminance',
  volts: 'voltage',
  amperes: 'current',
  watts: 'power',
};

/** The kind of quantity that a metric is, where its unit or whoever features it says so. */
export function quantityOf(unit: MetricUnit, said?: QuantityName): QuantityName | undefined {
  return said ?? BY_UNIT[unit];
}

/** The units that a metric of this kind can have. */
export function unitsOf(quantity: QuantityName): readonly string[] {
  return Object.keys(QUANTITIES[quantity].from);
}

/** One of a unit as so much of BTHome's; undefined where the unit is of another kind. */
export function bthomePerUnit(quantity: QuantityName, unit: MetricUnit): number | undefined {
  const { from }: Quantity = QUANTITIES[quantity];
  return from[unit];
}
