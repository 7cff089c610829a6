import { encodePresentationFormat } from './presentation.js';
import type { PresentationFormat } from './presentation.js';
import { describeMetric, perFormatUnit, UNIT_FORMATS } from './units.js';
import type { MetricUnit } from './units.js';
import { utf8Bytes, utf8Prefix } from './utf8.js';
import { metricUuid, PRESENTATION_FORMAT, TRIGGER_SETTING, USER_DESCRIPTION } from './uuids.js';
import { encodeValue } from './values.js';

/** Longest attribute value (Core specification, vol 3, part F, 3.2.9). */
export const MAX_ATTRIBUTE_BYTES = 512;
/** A description that still fits one ATT packet of a phone that never asked for a larger one: MTU 23, 22 of payload. */
const SMALL_READ_BYTES = 22;
/** Longer descriptions are read in pieces; more than this is no name any more. */
export const MAX_DESCRIPTION_BYTES = 3 * SMALL_READ_BYTES;

interface MetricDescription {
  /** For people: "CPU temperature". */
  readonly label: string;
  readonly unit: MetricUnit;
}

/** One row of the metrics service: read and notify, with the descriptors that make it readable for any app. */
interface MetricCharacteristic {
  readonly uuid: string;
  readonly presentation: PresentationFormat;
  readonly descriptors: readonly { readonly uuid: string; readonly value: Uint8Array }[];
}

export function metricCharacteristic(index: number, metric: MetricDescription): MetricCharacteristic {
  const presentation = UNIT_FORMATS[metric.unit];
  const description = utf8Prefix(describeMetric(metric.label, metric.unit), MAX_DESCRIPTION_BYTES);
  return {
    uuid: metricUuid(index),
    presentation,
    descriptors: [
      { uuid: USER_DESCRIPTION, value: description },
      { uuid: PRESENTATION_FORMAT, value: encodePresentationFormat(presentation) },
    ],
  };
}

/** Environmental Sensing's own word for "told when it has changed" (ES Trigger Setting, 3.1.2.2 of that service). */
const WHEN_CHANGED = 0x03;

/** One row of Environmental Sensing: a metric of one of its kinds, whose unit has the format that it has there. */
export function environmentCharacteristic(uuid: string, metric: MetricDescription): MetricCharacteristic {
  const { descriptors, presentation } = metricCharacteristic(0, metric);
  const trigger = { uuid: TRIGGER_SETTING, value: Uint8Array.of(WHEN_CHANGED) };
  return { uuid, presentation, descriptors: [...descriptors, trigger] };
}

/** The name that apps show of a characteristic which is no number. */
export function nameDescriptor(name: string): { readonly uuid: string; readonly value: Uint8Array } {
  return { uuid: USER_DESCRIPTION, value: utf8Bytes(name) };
}

/**
 * The characteristic's value: `value` is in the metric's own unit, undefined when there is none. A phone decodes it by
 * the descriptor alone: decodePresentationFormat and decodeValue.
 */
export function encodeMetric(unit: MetricUnit, value: number | undefined): Uint8Array {
  return encodeValue(UNIT_FORMATS[unit], value === undefined ? undefined : value / perFormatUnit(unit));
}
