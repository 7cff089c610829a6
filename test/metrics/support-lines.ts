import { parseImageName, seriesKey } from '../../src/domain/index.js';
import type { GuestEvent, LineDecoder, Unit } from '../../src/domain/index.js';
import { createLineDecoder } from '../../src/metrics/index.js';
import type { LineDecoderOptions } from '../../src/metrics/line-decoder.js';

export const LINE_IMAGE = parseImageName('sensor');

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function newLineDecoder(options: Partial<LineDecoderOptions> = {}): LineDecoder {
  return createLineDecoder({ image: LINE_IMAGE, ...options });
}

/** What a new decoder says of a console, all at one time. */
export function hear(...chunks: readonly (string | Uint8Array)[]): readonly GuestEvent[] {
  const decoder = newLineDecoder();
  return chunks.flatMap((chunk) => decoder.push(typeof chunk === 'string' ? bytesOf(chunk) : chunk, 0));
}

/** `mem_free{image="sensor",node="0"} 12`, in order. */
export function readings(events: readonly GuestEvent[]): readonly string[] {
  return reports(events).flatMap(({ samples }) =>
    samples.map(({ series, value }) => `${seriesKey(series)} ${value}`),
  );
}

/** As `readings`, without the label that all have. */
export function shortReadings(events: readonly GuestEvent[]): readonly string[] {
  return readings(events).map((text) =>
    text
      .replace(/image="sensor",?/, '')
      .replace('{}', '')
      .replace(/,}/, '}'),
  );
}

export function unitsOf(events: readonly GuestEvent[]): readonly Unit[] {
  return reports(events).flatMap(({ samples }) => samples.map(({ series }) => series.unit));
}

export function dropped(events: readonly GuestEvent[]): number {
  return reports(events).reduce((sum, report) => sum + report.dropped, 0);
}

export function blames(events: readonly GuestEvent[]): readonly string[] {
  return events.flatMap((event) => (event.kind === 'refused' ? [event.detail] : []));
}

export function reports(events: readonly GuestEvent[]): readonly Extract<GuestEvent, { kind: 'report' }>[] {
  return events.filter((event) => event.kind === 'report');
}
