import type { Position, Resolution } from '../../domain/index.js';
import { blockOperations } from '../blocks/sealed-block.js';
import type { BlockReader } from '../blocks/block-store.js';
import { put } from '../database/database.js';
import type { Database, Operation } from '../database/database.js';
import type { Write } from '../database/writer.js';
import { encodePosition } from '../format/codec.js';
import * as keys from '../format/keys.js';
import type { Ledger } from '../series/ledger.js';
import { encodeLatest } from '../series/observation-codec.js';
import type { PlacedRow } from '../series/row.js';
import { Fold } from './fold.js';
import { Joining } from './joining.js';

export const MINUTE_US = 60 * 1e6;
export const HOUR_US = 3600 * 1e6;
/** Blocks of five minutes that are folded together: an hour. Opening reads so many again at most. */
export const BLOCKS_TOGETHER = 12;
/** Blocks of an hour of minutes. */
const HOURS_TOGETHER = 24;

export interface RollupParts {
  readonly db: Database;
  readonly readers: Readonly<Record<Resolution, BlockReader>>;
  readonly write: Write;
  readonly ledger: Ledger;
  readonly epoch: number;
}

/** One step of the cascade: what is read, how it is folded, and what is written. */
interface Level {
  readonly reader: BlockReader;
  readonly together: number;
  readonly resolution: Resolution;
  readonly bucketUs: number;
  readonly add: (fold: Fold, row: PlacedRow) => void;
  /** Of what is read: it becomes fewer blocks in the same write. */
  readonly joining?: () => Joining;
  /** What else is written: up to where it is folded, and what is true up to there. */
  readonly also: (end: Position) => Operation[];
}

/** Blocks from the first place to the other. */
interface Folded {
  readonly fold: Fold;
  readonly joining: Joining | undefined;
  readonly first: Position;
  readonly end: Position;
}

/**
 * Folds blocks into minutes, and blocks of minutes into hours. Nothing is kept in between: what is not yet folded is
 * read again, so that roll-ups and samples agree however the process ends.
 */
export class Rollups {
  readonly #parts: RollupParts;
  readonly #minutes: Level;
  readonly #hours: Level;
  #minutesEnd: Position;
  #hoursEnd: Position;

  /** Minutes are folded up to the first place, hours up to the second. */
  constructor(parts: RollupParts, minutesEnd: Position, hoursEnd: Position) {
    this.#parts = parts;
    this.#minutesEnd = minutesEnd;
    this.#hoursEnd = hoursEnd;
    this.#minutes = {
      ...{ reader: parts.readers.raw, together: BLOCKS_TOGETHER },
      ...{ resolution: 'minutes', bucketUs: MINUTE_US },
      add: (fold, row) => fold.add(row),
      also: (end) => checkpointOperations(parts.ledger, end),
    };
    this.#hours = {
      ...{ reader: parts.readers.minutes, together: HOURS_TOGETHER },
      ...{ resolution: 'hours', bucketUs: HOUR_US },
      add: (fold, row) => fold.addFolded(row),
      joining: () => new Joining(parts.db),
      also: (end) => [put(keys.FOLDED_KEY, encodePosition(end))],
    };
  }

  /** Where what is in no minutes begins, and what is in no hours. */
  get ends(): { readonly minutes: Position; readonly hours: Position } {
    return { minutes: this.#minutesEnd, hours: this.#hoursEnd };
  }

  /** Folds what is complete: an hour or a day of this epoch, and all of those before it. */
  async fold(): Promise<void> {
    this.#minutesEnd = await this.#foldLevel(this.#minutes, this.#minutesEnd);
    this.#hoursEnd = await this.#foldLevel(this.#hours, this.#hoursEnd);
  }

  async #foldLevel(level: Level, from: Position): Promise<Position> {
    const fold = new Fold(level.bucketUs);
    const joining = level.joining?.();
    let first: Position | undefined;
    let end = from;
    for (let blocks = 0; blocks < level.together; blocks += 1) {
      const rows = await level.reader.rowsBehind(end);
      const place = rows?.[0]?.position;
      if (rows === undefined || place === undefined) break;
      if (first !== undefined && first.epoch !== place.epoch) blocks = level.together;
      else {
        first ??= place;
        for (const row of rows) level.add(fold, row);
        await joining?.add(rows);
        end = rows.at(-1)?.position ?? end;
        if (blocks === level.together - 1) return this.#write(level, { fold, joining, first, end });
      }
    }
    if (first === undefined || first.epoch === this.#parts.epoch) return from;
    return this.#write(level, { fold, joining, first, end });
  }

  async #write(level: Level, { fold, joining, first, end }: Folded): Promise<Position> {
    const block = fold.toBlock(first);
    const joined = (await joining?.operations()) ?? [];
    const operations = block === undefined ? [] : blockOperations(block, level.resolution);
    const { ledger, write } = this.#parts;
    const { noted } = ledger;
    await write([...operations, ...joined, ...level.also(end)]);
    if (level.resolution === 'minutes') ledger.checkpointTaken(noted);
    return this.#foldLevel(level, end);
  }
}

function checkpointOperations(ledger: Ledger, end: Position): Operation[] {
  return [
    ...Array.from(ledger.changed, ([id, sample]) => put(keys.latestKeyOf(id), encodeLatest(id, sample))),
    put(keys.CHECKPOINT_KEY, encodePosition(end)),
  ];
}
