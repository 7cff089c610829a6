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

/**
 * What guests say, by either channel. The series that an image invents on its console are capped over all its runs; one
 * that was put in its place begins anew.
 */
export function guestDecoders(): Decoders {
  const known = new Map<string, { readonly files: string; readonly series: LineSeries }>();
  return {
    decoder: ({ name }) => createGuestDecoder({ image: name }),
    lines({ name, boot }) {
      const files = JSON.stringify(boot);
      const before = known.get(name);
      const series = before?.files === files ? before.series : createLineSeries();
      known.set(name, { files, series });
      return createLineDecoder({ image: name, series });
    },
  };
}
