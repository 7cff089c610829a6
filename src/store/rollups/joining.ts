import type { Position } from '../../domain/index.js';
import { blockOperations } from '../blocks/sealed-block.js';
import { OpenBlock } from '../blocks/open-block.js';
import { remove } from '../database/database.js';
import type { Database, Operation } from '../database/database.js';
import * as keys from '../format/keys.js';
import type { PlacedRow } from '../series/row.js';

/** Two MiB in memory while they are joined: half a day of 60 series. */
const JOINED_VALUES_MAX = 2 ** 18;

/**
 * Makes one block of several that follow one another: a reader of a month then needs fewer of them. It has the place of
 * the first. Where one block is as large as this already, it stays as it is.
 */
export class Joining {
  readonly #resolution = 'minutes';
  readonly #db: Database;
  readonly #operations: Operation[] = [];
  #joined: OpenBlock | undefined;
  #blocks = 0;
  #end: Position | undefined;

  constructor(db: Database) {
    this.#db = db;
  }

  /** The rows of one block, of the epoch of those before it. */
  async add(rows: readonly PlacedRow[]): Promise<void> {
    const first = rows[0]?.position;
    if (first === undefined) return;
    const values = rows.reduce((sum, row) => sum + row.values.length, 0);
    if (this.#joined !== undefined && this.#joined.samples + values > JOINED_VALUES_MAX) await this.#finish();
    this.#joined ??= new OpenBlock(first);
    for (const row of rows) this.#joined.add(row);
    this.#blocks += 1;
    this.#end = rows.at(-1)?.position;
  }

  /** What puts the joined blocks in the place of those that were added, in one batch. */
  async operations(): Promise<readonly Operation[]> {
    await this.#finish();
    return this.#operations;
  }

  async #finish(): Promise<void> {
    const joined = this.#joined;
    if (joined !== undefined && this.#end !== undefined && this.#blocks > 1) {
      const before = await this.#keys({ epoch: joined.epoch, sequence: joined.first }, this.#end);
      this.#operations.push(
        ...before.map((key) => remove(key)),
        ...blockOperations(joined, this.#resolution),
      );
    }
    this.#joined = undefined;
    this.#blocks = 0;
  }

  /** Of every block that begins there or between, and of all its parts. */
  async #keys(first: Position, end: Position): Promise<readonly Uint8Array[]> {
    const blocks = {
      gte: keys.blockKeyOf(first, this.#resolution),
      lte: keys.blockKeyOf(end, this.#resolution),
    };
    const parts = keys.partsOf(first, end, this.#resolution);
    return [...(await this.#db.keys(blocks).all()), ...(await this.#db.keys(parts).all())];
  }
}
