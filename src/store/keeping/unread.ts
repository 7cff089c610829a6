import { BEFORE_EVERYTHING, comparePositions } from '../../domain/index.js';
import type { LossWriter, Position } from '../../domain/index.js';
import type { BlockReader } from '../blocks/block-store.js';
import type { Floors } from '../blocks/floors.js';
import { find } from '../database/database.js';
import type { Database } from '../database/database.js';
import { decodePosition } from '../format/codec.js';
import * as keys from '../format/keys.js';

interface Parts {
  readonly db: Database;
  readonly readers: { readonly raw: BlockReader };
  readonly floors: Floors;
  readonly losses: LossWriter;
}

/** Notes as lost what is about to be dropped before `to`, and lies behind the cursor of whoever follows the store. */
export async function noteUnread(parts: Parts, follower: string, to: Position): Promise<void> {
  const { db, floors, losses, readers } = parts;
  const bytes = await find(db, keys.cursorKeyOf(follower));
  // One that cannot be read is told to whoever asks for it; here, nothing was read yet.
  const cursor = (bytes && decodePosition(bytes)) ?? BEFORE_EVERYTHING;
  for await (const { place, header } of readers.raw.headers({ from: floors.of('raw'), to })) {
    const { epoch, sequence } = place;
    const last = sequence + header.observations - 1;
    const first = epoch === cursor.epoch ? Math.max(sequence, cursor.sequence + 1) : sequence;
    if (comparePositions({ epoch, sequence: last }, cursor) <= 0) continue;
    losses.noteLoss({
      ...{ reason: 'retention', what: 'observations', epoch, count: last - first + 1 },
      sequences: { first, last },
      times: { fromMs: header.wallMs.least, toMs: header.wallMs.most },
    });
  }
}
