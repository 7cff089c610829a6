import type { Loss, Position } from '../domain/index.js';
import { decodeHeader } from './block-codec.js';
import type { BlockHeader } from './block-codec.js';
import { unseal } from './block-store.js';
import type { Database } from './database.js';
import { floorsOf } from './floors-row.js';
import * as keys from './keys.js';
import { SAMPLES_PER_OBSERVATION_MAX } from './ledger.js';

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

/** Finds what is missing within each epoch; what retention removed is at an epoch's beginning, and is no gap. */
export class GapFinder {
  #last: { readonly epoch: number; readonly end: number; readonly wallMs: number } | undefined;

  next({ place, header }: HeaderAt): Gap | undefined {
    if (header === undefined) return undefined;
    const before = this.#last;
    const { epoch, sequence } = place;
    this.#last = { epoch, end: sequence + header.observations - 1, wallMs: header.wallMs.most };
    if (before?.epoch !== epoch || sequence <= before.end + 1) return undefined;
    const sequences = { first: before.end + 1, last: sequence - 1 };
    const count = sequences.last - sequences.first + 1;
    return {
      what: 'observations',
      epoch,
      count,
      sequences,
      times: { fromMs: before.wallMs, toMs: header.wallMs.least },
    };
  }
}

/** Observations that are missing between two that are there. */
export type Gap = Required<Omit<Loss, 'reason' | 'summed'>>;
