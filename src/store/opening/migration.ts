import type { Logger } from '../../domain/index.js';
import { blockOperations } from '../blocks/sealed-block.js';
import { remove } from '../database/database.js';
import type { Database } from '../database/database.js';
import type { Write } from '../database/writer.js';
import type { EpochClocks } from '../epochs/epoch-clock.js';
import * as keys from '../format/keys.js';
import { decodeRow } from '../series/observation-codec.js';
import type { PlacedRow } from '../series/row.js';
import { blocksOf } from './recovery.js';

/** Some minutes of a gateway: as large as blocks usually are. */
const ROWS_TOGETHER = 2000;

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
