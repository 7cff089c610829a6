import {
  BTHOME_OBJECT,
  BTHOME_SEAL_BYTES,
  bthomePerUnit,
  MAX_BTHOME_BYTES,
  objectBytes,
  objectName,
  QUANTITIES,
  quantityOf,
} from '@perigee/gatt';
import type { BthomeEntry } from '@perigee/gatt';
import type { FeaturedMetric } from './services.js';

/** A metric as BTHome says it. */
interface AdvertisedMetric {
  readonly object: number;
  /** In BTHome's unit. */
  readonly read: () => number | undefined;
}

/** What the gateway says of itself. */
export interface OwnState {
  readonly problem: boolean;
  readonly runs: number;
}

/**
 * What of a gateway's metrics is advertised, and how: chosen once, by what they are and never by their values, because a
 * receiver tells several measurements of one name apart by their places. So they are said together or, while one of them
 * is not known, not at all. First comes what the gateway says of itself; then the metrics in their order, as long as
 * there is room, and of those that have none, the next that has.
 */
export class AdvertisedValues {
  readonly #groups: readonly (readonly AdvertisedMetric[])[];
  /** A featured count takes the place of the number of runs, whose name it would share. */
  readonly #saysRuns: boolean;
  readonly #isSealed: boolean;

  constructor(featured: readonly FeaturedMetric[], isSealed: boolean) {
    const groups = new Map<string, readonly AdvertisedMetric[]>();
    for (const metric of featured.flatMap(advertised)) {
      const name = objectName(metric.object);
      groups.set(name, [...(groups.get(name) ?? []), metric]);
    }
    this.#isSealed = isSealed;
    this.#saysRuns = !groups.has(objectName(BTHOME_OBJECT.runs));
    const own = this.#own({ problem: false, runs: 0 }, 0).map(({ id }) => id);
    let room = MAX_BTHOME_BYTES - (isSealed ? BTHOME_SEAL_BYTES : 0) - bytesOf(own);
    this.#groups = [...groups.values()].filter((group) => {
      const bytes = bytesOf(group.map(({ object }) => object));
      if (bytes > room) return false;
      room -= bytes;
      return true;
    });
  }

  /** `packetId` counts the packets; the encrypted form has a counter of its own. */
  entries(own: OwnState, packetId: number): readonly BthomeEntry[] {
    return [...this.#own(own, packetId), ...this.#groups.flatMap(said)];
  }

  #own({ problem, runs }: OwnState, packetId: number): readonly BthomeEntry[] {
    return [
      ...(this.#isSealed ? [] : [{ id: BTHOME_OBJECT.packetId, value: packetId }]),
      { id: BTHOME_OBJECT.problem, value: problem },
      { id: BTHOME_OBJECT.running, value: runs > 0 },
      ...(this.#saysRuns ? [{ id: BTHOME_OBJECT.runs, value: runs }] : []),
    ];
  }
}

function advertised({ quantity, read, unit }: FeaturedMetric): readonly AdvertisedMetric[] {
  const kind = quantityOf(unit, quantity);
  const perUnit = kind && bthomePerUnit(kind, unit);
  if (kind === undefined || perUnit === undefined) return [];
  const inTheirs = (): number | undefined => {
    const value = read();
    return value === undefined ? undefined : value * perUnit;
  };
  return [{ object: QUANTITIES[kind].object, read: inTheirs }];
}

function bytesOf(objects: readonly number[]): number {
  return objects.reduce((sum, id) => sum + objectBytes(id), 0);
}

function said(group: readonly AdvertisedMetric[]): readonly BthomeEntry[] {
  const entries = group.map(({ object, read }) => ({ id: object, value: read() }));
  const isKnown = (entry: {
    id: number;
    value: number | undefined;
  }): entry is { id: number; value: number } => entry.value !== undefined;
  return entries.every(isKnown) ? entries : [];
}
