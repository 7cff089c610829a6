import type { LineDecoder, GuestDecoder, Image } from '../domain/index.js';
import {
  createGuestDecoder,
  createLineDecoder,
  createLineSeries,
  type LineSeries,
} from '../metrics/index.js';

export interface Decoders {
  readonly decoder: (image: Image) => GuestDecoder;
  readonly lines: (image: Image) => LineDecoder;
}

/** What guests say, by either channel. The series that an image invents on its console are capped over all its runs. */
export function guestDecoders(): Decoders {
  const series = new Map<string, LineSeries>();
  return {
    decoder: ({ name }) => createGuestDecoder({ image: name }),
    lines({ name }) {
      const known = series.get(name) ?? createLineSeries();
      series.set(name, known);
      return createLineDecoder({ image: name, series: known });
    },
  };
}
