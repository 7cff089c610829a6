import { BEFORE_EVERYTHING, comparePositions, isEnded } from '../../domain/index.js';
import type { Position } from '../../domain/index.js';
import { find, remove } from '../database/database.js';
import type { Database, Operation } from '../database/database.js';
import type { Turns } from '../database/turns.js';
import type { Write } from '../database/writer.js';
import { decodePosition } from '../format/codec.js';
import * as keys from '../format/keys.js';
import type { LossLog } from './loss-log.js';
import { decodeRun, decodeRunId } from './run-codec.js';
import type { JournaledRun } from './run-codec.js';

/** Removed together, so that it is not done at each new run. */
const STEP_SHARE = 16;

interface RunPrunerParts {
  readonly db: Database;
  readonly write: Write;
  /** Those of the journal: a run must not change while it is removed. */
  readonly writes: Turns;
  readonly losses: LossLog;
  readonly epoch: number;
  readonly keepRuns: number;
  /** Who follows the changes of runs by a cursor. */
  readonly follower: string | undefined;
}

/** Removes the records of the oldest runs, beyond so many. One that goes on stays, however old it is. */
export class RunPruner {
  readonly #parts: RunPrunerParts;

  constructor(parts: RunPrunerParts) {
    this.#parts = parts;
  }

  prune(): Promise<void> {
    const { losses, write, writes } = this.#parts;
    return writes.take(async () => {
      const excess = await this.#excess();
      if (excess.length === 0) return;
      const cursor = await this.#cursor();
      const operations: Operation[] = [];
      for (const key of excess) operations.push(...(await this.#removing(key, cursor)));
      await losses.flush();
      await write(operations);
    });
  }

  /** Keys of the order of birth, the oldest first; none while there are few. */
  async #excess(): Promise<readonly Uint8Array[]> {
    const { db, keepRuns } = this.#parts;
    const born = await db.keys(keys.rangeOf('runByBirth')).all();
    return born.length <= keepRuns + keepRuns / STEP_SHARE ? [] : born.slice(0, born.length - keepRuns);
  }

  /** An index entry whose run says otherwise, or cannot be read, is a left-over. */
  async #removing(birthKey: Uint8Array, cursor: Position | undefined): Promise<readonly Operation[]> {
    const { db, epoch, losses } = this.#parts;
    const bytes = await find(db, birthKey);
    const id = bytes && decodeRunId(bytes);
    const record = id && (await find(db, keys.runKeyOf(id)));
    const journaled = record && decodeRun(record);
    if (id === undefined || journaled === undefined) return [remove(birthKey)];
    if (comparePositions(journaled.born, keys.positionOfKey(birthKey)) !== 0) return [remove(birthKey)];
    if (!isEnded(journaled.run)) return [];
    if (cursor !== undefined && comparePositions(journaled.changed, cursor) > 0)
      losses.noteLoss({ reason: 'retention', what: 'runs', count: 1, epoch, times: timesOf(journaled) });
    return [remove(birthKey), remove(keys.runByChangeKeyOf(journaled.changed)), remove(keys.runKeyOf(id))];
  }

  /** Undefined where nobody follows. */
  async #cursor(): Promise<Position | undefined> {
    const { db, follower } = this.#parts;
    if (follower === undefined) return undefined;
    const bytes = await find(db, keys.cursorKeyOf(follower));
    return (bytes && decodePosition(bytes)) ?? BEFORE_EVERYTHING;
  }
}

function timesOf({ run: { requestedAtMs } }: JournaledRun): {
  readonly fromMs: number;
  readonly toMs: number;
} {
  return { fromMs: requestedAtMs, toMs: requestedAtMs };
}
