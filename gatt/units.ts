import type { PresentationFormat } from './presentation.js';

/** The units of src/domain/observation.ts; a test keeps the two lists equal. */
export type MetricUnit =
  | 'none'
  | 'bytes'
  | 'percent'
  | 'celsius'
  | 'milliseconds'
  | 'seconds'
  | 'count'
  | 'bytes-per-second'
  | 'percent-per-second'
  | 'celsius-per-second'
  | 'per-second'
  | 'pascals'
  | 'volts'
  | 'amperes'
  | 'watts'
  | 'lux';

/** Assigned numbers, 3.5. There is none for bytes or for rates of other units. */
const UNITLESS = 0x2700;
const SECOND = 0x2703;
const HERTZ = 0x2722;
const AMPERE = 0x2704;
const PASCAL = 0x2724;
const WATT = 0x2726;
const VOLT = 0x2728;
const CELSIUS = 0x272f;
const LUX = 0x2731;
const PERCENTAGE = 0x27ad;

/**
 * How each unit travels. Android's own accessor for characteristic values reads integers of 8, 16 and 32 bits and no
 * IEEE floats, and generic apps are built on such accessors. So everything is an integer of at most 32 bits, in SI
 * base units, and the exponent buys the range:
 *
 * - celsius and percent as in the assigned Temperature (2A6E) and Humidity (2A6F) characteristics
 * - bytes in steps of 1000: 4.29 TB, where 32 bits of single bytes end at 4 GiB, less than a board's memory
 * - milliseconds in steps of a microsecond: 71 minutes, for phases of a boot; seconds in steps of 0.1: 13 years
 * - pascals in steps of 0.1, as in the assigned Pressure (2A6D); lux in steps of 0.01
 * - rates are signed: memory can shrink; and so is what flows both ways
 */
export const UNIT_FORMATS: Readonly<Record<MetricUnit, PresentationFormat>> = {
  none: { format: 'sint32', exponent: -3, unit: UNITLESS },
  bytes: { format: 'uint32', exponent: 3, unit: UNITLESS },
  percent: { format: 'uint16', exponent: -2, unit: PERCENTAGE },
  celsius: { format: 'sint16', exponent: -2, unit: CELSIUS },
  milliseconds: { format: 'uint32', exponent: -6, unit: SECOND },
  seconds: { format: 'uint32', exponent: -1, unit: SECOND },
  count: { format: 'uint32', exponent: 0, unit: UNITLESS },
  'bytes-per-second': { format: 'sint32', exponent: 0, unit: UNITLESS },
  'percent-per-second': { format: 'sint32', exponent: -3, unit: UNITLESS },
  'celsius-per-second': { format: 'sint32', exponent: -3, unit: UNITLESS },
  'per-second': { format: 'sint32', exponent: -3, unit: HERTZ },
  pascals: { format: 'uint32', exponent: -1, unit: PASCAL },
  volts: { format: 'sint32', exponent: -3, unit: VOLT },
  amperes: { format: 'sint32', exponent: -3, unit: AMPERE },
  watts: { format: 'sint32', exponent: -3, unit: WATT },
  lux: { format: 'uint32', exponent: -2, unit: LUX },
};

/** What the user description says of a unit that has no assigned number. */
const SPELLED: Readonly<Partial<Record<MetricUnit, string>>> = {
  bytes: 'bytes',
  'bytes-per-second': 'bytes/s',
  'percent-per-second': '%/s',
  'celsius-per-second': '°C/s',
};

/** "CPU temperature", but "Memory available (bytes)". */
export function describeMetric(label: string, unit: MetricUnit): string {
  const spelled = SPELLED[unit];
  return spelled === undefined ? label : `${label} (${spelled})`;
}

/** The number that a metric's value in its own unit has in the unit of its Presentation Format: this many to one. */
export function perFormatUnit(unit: MetricUnit): number {
  return unit === 'milliseconds' ? 1000 : 1;
}

/** What a generic reader writes behind the number; a unit that it does not know is shown by its assigned number. */
export function unitSymbol(unit: number): string {
  switch (unit) {
    case UNITLESS:
      return '';
    case SECOND:
      return 's';
    case HERTZ:
      return 'Hz';
    case AMPERE:
      return 'A';
    case PASCAL:
      return 'Pa';
    case WATT:
      return 'W';
    case VOLT:
      return 'V';
    case CELSIUS:
      return '°C';
    case LUX:
      return 'lx';
    case PERCENTAGE:
      return '%';
    default:
      return `unit 0x${unit.toString(16).padStart(4, '0')}`;
  }
}
