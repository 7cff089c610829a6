import {
  decodeLive,
  decodePresentationFormat,
  decodeValue,
  describeMetric,
  ENVIRONMENT,
  perFormatUnit,
  UNIT_FORMATS,
  unitSymbol,
  utf8Text,
} from '@perigee/gatt';
import type { MetricUnit, PresentationFormat } from '@perigee/gatt';
import { perigee } from '@perigee/proto';
import type { NobleCharacteristic } from './noble-types.js';

/** A metric as any app reads it: by its descriptors, with no knowledge of ours. */
export interface MetricReading {
  readonly uuid: string;
  readonly name: string;
  /** Undefined while the gateway does not know it. */
  readonly value: number | undefined;
  /** "°C", "%", "s"; empty without one. */
  readonly unit: string;
}

export interface DescribedMetric {
  readonly characteristic: NobleCharacteristic;
  readonly name: string;
  readonly presentation: PresentationFormat;
}

const PERCENTAGE = 0x27ad;
/** What devices of others serve without a description: the assigned characteristic is one. */
const ASSIGNED: Readonly<Record<string, Omit<DescribedMetric, 'characteristic'>>> = {
  [ENVIRONMENT.temperature]: { name: 'Temperature', presentation: UNIT_FORMATS.celsius },
  [ENVIRONMENT.humidity]: { name: 'Humidity', presentation: UNIT_FORMATS.percent },
  [ENVIRONMENT.pressure]: { name: 'Pressure', presentation: UNIT_FORMATS.pascals },
  '2a19': { name: 'Battery level', presentation: { format: 'uint8', exponent: 0, unit: PERCENTAGE } },
};

/** Undefined for a characteristic that is no number, by its descriptors (2901 and 2904) or by its UUID. */
export function described(
  characteristic: NobleCharacteristic,
  name: Uint8Array | undefined,
  format: Uint8Array | undefined,
): DescribedMetric | undefined {
  const assigned = ASSIGNED[characteristic.uuid];
  const presentation = (format && decodePresentationFormat(format)) ?? assigned?.presentation;
  if (presentation === undefined) return undefined;
  const text = name === undefined ? (assigned?.name ?? characteristic.uuid) : utf8Text(name);
  return { characteristic, name: text, presentation };
}

export function reading(metric: DescribedMetric, bytes: Uint8Array): MetricReading {
  const { characteristic, name, presentation } = metric;
  const value = decodeValue(presentation, bytes);
  return { uuid: characteristic.uuid, name, value, unit: unitSymbol(presentation.unit) };
}

/**
 * Of live values, what is new since the last ones, as the metrics' own descriptors would have it.
 *
 * @throws what protobuf throws of a catalogue that is none.
 */
export function liveReader(
  uuid: string,
  catalogue: Uint8Array,
): (bytes: Uint8Array) => readonly MetricReading[] {
  const { metrics } = perigee.v1.PublicCatalogue.decode(catalogue);
  const known = new Map(
    metrics.map(({ id, label, unit }) => [id ?? 0, { label: label ?? '', unit: unit ?? '' }]),
  );
  const before = new Map<number, number | undefined>();
  return (bytes) => {
    const values = decodeLive(bytes)?.values ?? [];
    return values.flatMap(({ id, value }) => {
      const metric = known.get(id);
      if (metric === undefined || (before.has(id) && before.get(id) === value)) return [];
      before.set(id, value);
      return [inFormatUnit(uuid, metric.label, metric.unit, value)];
    });
  };
}

/** A unit of a later version is named as it is. */
function inFormatUnit(uuid: string, label: string, unit: string, value: number | undefined): MetricReading {
  if (!isUnit(unit)) return { uuid, name: label, value, unit };
  return {
    ...{ uuid, name: describeMetric(label, unit), unit: unitSymbol(UNIT_FORMATS[unit].unit) },
    value: value === undefined ? undefined : value / perFormatUnit(unit),
  };
}

function isUnit(unit: string): unit is MetricUnit {
  return Object.hasOwn(UNIT_FORMATS, unit);
}
