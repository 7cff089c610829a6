import type { Loss, Position } from '../../domain/index.js';
import type { Database } from '../database/database.js';
import * as keys from '../format/keys.js';
import { SAMPLES_PER_OBSERVATION_MAX } from '../series/ledger.js';
import { decodeHeader } from './block-codec.js';
import type { BlockHeader } from './block-codec.js';
import { unseal } from './sealed-block.js';
import { floorsOf } from './floors-row.js';

/** An observation's place and what stands there. */
export interface HeaderAt {
  readonly place: Position;
  /** Undefined where it is damaged. */
  readonly header: BlockHeader | undefined;
}

/** What the headers of all blocks of observations say that are kept, in order. */
export async function* blockHeaders(db: Database): AsyncGenerator<HeaderAt> {
  const { lt } = keys.rangeOf('block');
  for await (const [key, value] of db.iterator({
    gte: keys.blockKeyOf((await floorsOf(db)).of('raw')),
    lt,
  })) {
    if (key.length !== KEY_BYTES) continue;
    const bytes = unseal(value);
    const header = bytes && decodeHeader(bytes, SAMPLES_PER_OBSERVATION_MAX);
    yield { place: keys.positionOfKey(key), header };
  }
}

const KEY_BYTES = 1 + keys.POSITION_BYTES;

/** Finds what is missing within each epoch, from its beginning on; what retention removed lies below the floor, and is no gap. */
export class GapFinder {
  readonly #floor: Position;
  #last: { readonly epoch: number; readonly end: number; readonly wallMs: number } | undefined;

  constructor(floor: Position) {
    this.#floor = floor;
  }

  next({ place, header }: HeaderAt): Gap | undefined {
    if (header === undefined) return undefined;
    const before = this.#last;
    const { epoch, sequence } = place;
    this.#last = { epoch, end: sequence + header.observations - 1, wallMs: header.wallMs.most };
    const known = before?.epoch === epoch ? before : undefined;
    const first = known === undefined ? this.#firstOf(epoch) : known.end + 1;
    if (sequence <= first) return undefined;
    const sequences = { first, last: sequence - 1 };
    const times = known && { times: { fromMs: known.wallMs, toMs: header.wallMs.least } };
    return { what: 'observations', epoch, count: sequence - first, sequences, ...times };
  }

  #firstOf(epoch: number): number {
    if (epoch < this.#floor.epoch) return Infinity;
    return epoch === this.#floor.epoch ? Math.max(1, this.#floor.sequence) : 1;
  }
}

/** Observations that are missing before one that is there; when they were measured, only those before them tell. */
type Gap = Omit<Loss, 'reason' | 'summed'>;
