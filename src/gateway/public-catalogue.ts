import { MAX_ATTRIBUTE_BYTES } from '@perigee/gatt';
import { perigee } from '@perigee/proto';
import type { FeaturedMetric } from '../config/index.js';

/**
 * The bytes of a perigee.v1.PublicCatalogue, which fit an attribute: where not all does, the series of the last metrics
 * are left out, and then the last metrics themselves. In a session, the list of all series is a snapshot.
 */
export function publicCatalogue(featured: readonly FeaturedMetric[]): Uint8Array {
  const whole = featured.map(({ label, quantity = '', series, unit }, id) => ({
    ...{ id, label, unit, quantity, series },
  }));
  const candidates = [
    ...whole.map((_, dropped) =>
      whole.map((metric, i) => (i < whole.length - dropped ? metric : { ...metric, series: '' })),
    ),
    ...whole.map((_, dropped) =>
      whole.slice(0, whole.length - dropped).map((metric) => ({ ...metric, series: '' })),
    ),
  ];
  for (const metrics of candidates) {
    const omitted = whole.length - metrics.length;
    const bytes = perigee.v1.PublicCatalogue.encode({ metrics, omitted }).finish();
    if (bytes.length <= MAX_ATTRIBUTE_BYTES) return bytes;
  }
  return perigee.v1.PublicCatalogue.encode({ metrics: [], omitted: whole.length }).finish();
}
