import { BEFORE_EVERYTHING, comparePositions } from '../../domain/index.js';
import type { Logger, Position, Resolution } from '../../domain/index.js';
import { BlockReader } from '../blocks/block-store.js';
import { floorsOf } from '../blocks/floors-row.js';
import { find } from '../database/database.js';
import type { Database } from '../database/database.js';
import { decodePosition } from '../format/codec.js';
import * as keys from '../format/keys.js';
import type { PlacedRow } from '../series/row.js';

/** What is read, and who is told of what cannot be. */
export interface Reading {
  readonly db: Database;
  readonly path: string;
  readonly logger: Logger;
}

/** A reader that records no loss: whoever reads everything says what was found when all is read. */
export async function readerOf(reading: Reading, resolution: Resolution): Promise<BlockReader> {
  const losses = { noteLoss: () => undefined };
  return new BlockReader({ ...reading, floors: await floorsOf(reading.db), losses }, resolution);
}

/** The rows of the block that begins there, of which every part is read and decoded; undefined where one is damaged. */
export async function rowsOfBlock(
  reader: BlockReader,
  place: Position,
): Promise<readonly PlacedRow[] | undefined> {
  const rows = await reader.rowsBehind({ ...place, sequence: place.sequence - 1 });
  const first = rows?.[0];
  return first !== undefined && comparePositions(first.position, place) === 0 ? rows : undefined;
}

/** One step of the cascade. */
export interface Step {
  readonly db: Database;
  readonly resolution: 'minutes' | 'hours';
  /** Of the roll-ups, and of what they were made of. */
  readonly upper: BlockReader;
  readonly lower: BlockReader;
  /** How far they were folded. */
  readonly end: Position;
}

const CASCADE = [
  ['minutes', 'raw', keys.CHECKPOINT_KEY],
  ['hours', 'minutes', keys.FOLDED_KEY],
] as const;

/** The steps of the cascade, from the finest: each is read when it is its turn, with what came of the one before. */
export async function* stepsOf(reading: Reading): AsyncGenerator<Step> {
  for (const [resolution, lower, endKey] of CASCADE) {
    const bytes = await find(reading.db, endKey);
    yield {
      db: reading.db,
      resolution,
      upper: await readerOf(reading, resolution),
      lower: await readerOf(reading, lower),
      end: (bytes && decodePosition(bytes)) ?? BEFORE_EVERYTHING,
    };
  }
}
