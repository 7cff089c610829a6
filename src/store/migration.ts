import type { Logger } from '../domain/index.js';
import { blockOperations } from './block-store.js';
import { remove } from './database.js';
import type { Database, Operation } from './database.js';
import type { EpochClocks } from './epoch-clock.js';
import * as keys from './keys.js';
import { decodeRow } from './observation-codec.js';
import { blocksOf } from './recovery.js';
import type { PlacedRow } from './open-block.js';

/** Some minutes of a gateway: as large as blocks usually are. */
const ROWS_TOGETHER = 2000;

/** Puts all of it into the database, or nothing; synced, a power cut cannot take it back. */
export type Write = (operations: Operation[], options?: WriteOptions) => Promise<void>;

export interface WriteOptions {
  readonly sync: boolean;
  /** Has no part in the space that is kept for a full disk. */
  readonly isSamples?: boolean;
}

/**
 * Moves the observations of format 2, a row each, into blocks, oldest first. Each write moves some, so that it can end
 * anywhere and go on at the next opening. What cannot be read is dropped and told.
 */
export async function moveRows(
  db: Database,
  write: Write,
  clocks: EpochClocks,
  logger: Logger,
): Promise<void> {
  let moved = 0;
  for (;;) {
    const found = await db.iterator({ ...keys.rangeOf('observation'), limit: ROWS_TOGETHER }).all();
    if (found.length === 0) break;
    const rows = found.flatMap(([key, value]): PlacedRow[] => {
      const position = keys.positionOfKey(key);
      const row = decodeRow(value);
      if (row === undefined) logger.error({ position }, 'an observation is damaged, and lost');
      return row === undefined ? [] : [{ ...row, position }];
    });
    const blocks = blocksOf(rows).flatMap((block) => [...blockOperations(block), clocks.note(block)]);
    await write([...blocks, ...found.map(([key]) => remove(key))]);
    moved += rows.length;
  }
  if (moved > 0) logger.info({ observations: moved }, 'the store was moved to format 3');
}
