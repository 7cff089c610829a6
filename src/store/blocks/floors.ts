import * as v from 'valibot';
import { BEFORE_EVERYTHING, comparePositions } from '../../domain/index.js';
import type { Position, Resolution } from '../../domain/index.js';
import { jsonBytes, parseJson } from '../format/codec.js';
import { EPOCH_MAX } from '../format/keys.js';

const wholeNumber = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const position = v.object({ epoch: v.pipe(wholeNumber, v.maxValue(EPOCH_MAX)), sequence: wholeNumber });
const floors = v.object({
  raw: position,
  minutes: position,
  hours: position,
  clearing: v.boolean(),
}) satisfies v.GenericSchema<unknown, FloorsRecord>;

interface FloorsRecord extends Readonly<Record<Resolution, Position>> {
  /** Whether something below a floor may still be in the database. */
  readonly clearing: boolean;
}

/**
 * Where the oldest block begins that is kept, of each resolution. What lies below is gone for readers at once, and from
 * the database as it comes.
 */
export class Floors {
  #record: FloorsRecord;

  constructor(record: FloorsRecord) {
    this.#record = record;
  }

  of(resolution: Resolution): Position {
    return this.#record[resolution];
  }

  get clearing(): boolean {
    return this.#record.clearing;
  }

  /** Never lowers one. As bytes, it is what `decodeFloors` takes. */
  raised(to: Partial<Record<Resolution, Position>>): FloorsRecord {
    const higher = (resolution: Resolution): Position => {
      const [now, then = now] = [this.of(resolution), to[resolution]];
      return comparePositions(then, now) > 0 ? then : now;
    };
    return { raw: higher('raw'), minutes: higher('minutes'), hours: higher('hours'), clearing: true };
  }

  cleared(): FloorsRecord {
    return { ...this.#record, clearing: false };
  }

  /** Once it is written. */
  set(record: FloorsRecord): void {
    this.#record = record;
  }
}

export function encodeFloors(record: FloorsRecord): Uint8Array {
  return jsonBytes(record);
}

/** What cannot be read keeps nothing from a reader: the next pruning tells it anew. */
export function decodeFloors(bytes: Uint8Array | undefined): Floors {
  const parsed = bytes && v.safeParse(floors, parseJson(bytes));
  if (parsed?.success) return new Floors(parsed.output);
  const [raw, minutes, hours] = [BEFORE_EVERYTHING, BEFORE_EVERYTHING, BEFORE_EVERYTHING];
  return new Floors({ raw, minutes, hours, clearing: false });
}
