import { PerigeeError, comparePositions, isEnded } from '../../domain/index.js';
import type { Logger, Position, RunChange, RunId, RunRecord } from '../../domain/index.js';
import { find, findNow, put, remove } from '../database/database.js';
import type { Database, Operation } from '../database/database.js';
import { corrupt, readingFailed } from '../database/level-errors.js';
import * as keys from '../format/keys.js';
import { refused } from '../series/ledger.js';
import { RUN_RECORD_MAX_BYTES, decodeRun, decodeRunId, encodeRun, encodeRunId } from './run-codec.js';
import type { JournaledRun } from './run-codec.js';

interface Journal {
  readonly db: Database;
  readonly path: string;
  readonly logger: Logger;
  readonly epoch: number;
}

/**
 * The runs within the store's database, in two orders: of their first puts and of their last. Every put takes the next
 * place of the epoch, whatever the clock says. Writing is the store's: here is only said what to write.
 */
export class LevelRunJournal {
  readonly #journal: Journal;
  #sequence = 0;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** Moves the run to its new place. Of puts whose operations are written in the order of these calls. */
  async putting(run: RunRecord): Promise<Operation[]> {
    const before = await this.#find(run.id, findNow);
    const changed = { epoch: this.#journal.epoch, sequence: this.#sequence + 1 };
    const born = before?.born ?? changed;
    const bytes = encodeRun({ run, born, changed });
    if (bytes.length > RUN_RECORD_MAX_BYTES) throw refused(`the record of run ${run.id} is too long`);
    // Not taken again if the write fails: a place that nobody has hurts nobody.
    this.#sequence = changed.sequence;
    const goingKey = keys.runGoingKeyOf(run.id);
    return [
      ...(before === undefined ? [] : [remove(keys.runByChangeKeyOf(before.changed))]),
      put(keys.runKeyOf(run.id), bytes),
      put(keys.runByBirthKeyOf(born), encodeRunId(run.id)),
      put(keys.runByChangeKeyOf(changed), encodeRunId(run.id)),
      isEnded(run) ? remove(goingKey) : put(goingKey, encodeRunId(run.id)),
    ];
  }

  async get(id: RunId): Promise<RunRecord | undefined> {
    const { path } = this.#journal;
    const bytes = await this.#bytesOf(id, findNow);
    if (bytes === undefined) return undefined;
    const journaled = decodeRun(bytes);
    if (journaled === undefined) throw corrupt(path, `the record of run ${id} cannot be read`);
    return journaled.run;
  }

  async list(limit: number): Promise<readonly RunRecord[]> {
    const newestFirst = { ...keys.rangeOf('runByBirth'), reverse: true };
    const found = await this.#inOrder(newestFirst, limit, ({ born }) => born);
    return found.map(({ run }) => run);
  }

  async going(): Promise<readonly RunRecord[]> {
    const range = keys.rangeOf('runGoing');
    const found = await this.#inOrder(range, Infinity, () => undefined);
    return found.map(({ run }) => run);
  }

  async changedRuns(after: Position, limit: number): Promise<readonly RunChange[]> {
    const found = await this.#inOrder(keys.runChangesBehind(after), limit, ({ changed }) => changed);
    return found.map(({ run, changed }) => ({ run, position: changed }));
  }

  /** `placeOf`: where the record says that its key is; an index entry that says otherwise is a left-over. */
  async #inOrder(
    range: keys.KeyRange | keys.RangeBehind,
    limit: number,
    placeOf: (journaled: JournaledRun) => Position | undefined,
  ): Promise<readonly JournaledRun[]> {
    const found: JournaledRun[] = [];
    if (limit === 0) return found;
    for await (const [key, value] of this.#rows(range)) {
      const id = decodeRunId(value);
      const journaled = id && (await this.#find(id, find));
      const place = journaled && placeOf(journaled);
      if (place !== undefined && comparePositions(place, keys.positionOfKey(key)) !== 0) continue;
      if (journaled !== undefined) found.push(journaled);
      if (found.length === limit) break;
    }
    return found;
  }

  async *#rows(range: keys.KeyRange | keys.RangeBehind): AsyncIterable<[Uint8Array, Uint8Array]> {
    try {
      yield* this.#journal.db.iterator(range);
    } catch (error) {
      throw error instanceof PerigeeError ? error : readingFailed(this.#journal.path, error);
    }
  }

  /** One record that cannot be read does not hide the others, and can be put anew. */
  async #find(id: RunId, look: typeof findNow): Promise<JournaledRun | undefined> {
    const bytes = await this.#bytesOf(id, look);
    const journaled = bytes && decodeRun(bytes);
    if (bytes !== undefined && journaled === undefined)
      this.#journal.logger.warn({ run: id }, 'the record of a run cannot be read');
    return journaled;
  }

  async #bytesOf(id: RunId, look: typeof findNow): Promise<Uint8Array | undefined> {
    try {
      return await look(this.#journal.db, keys.runKeyOf(id));
    } catch (error) {
      throw readingFailed(this.#journal.path, error);
    }
  }
}
