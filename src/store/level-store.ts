import { BEFORE_EVERYTHING, assert, reasonOf } from '../domain/index.js';
import type { Clock, GatewayId, LatestSample, Logger, Observation, Position } from '../domain/index.js';
import type {
  HistoryPack,
  HistoryPacker,
  HistoryPoint,
  HistoryRequest,
  Loss,
  LossRecord,
  PackRequest,
  Recording,
  RunChange,
  RunId,
  RunRecord,
} from '../domain/index.js';
import type { AccessStore, ScheduleStore, Store } from '../domain/index.js';
import type { StoreCounts, StoreTools, StoredObservation } from '../domain/index.js';
import { Appender } from './appender.js';
import { closeDatabase, find, put } from './database/database.js';
import type { Database } from './database/database.js';
import { corrupt, readingFailed, writingFailed } from './database/level-errors.js';
import type { SpaceReserve } from './database/reserve.js';
import { Turns } from './database/turns.js';
import type { WriteMeter } from './database/write-meter.js';
import type { Write } from './database/writer.js';
import { decodePosition, encodePosition } from './format/codec.js';
import * as keys from './format/keys.js';
import { Retention } from './keeping/retention.js';
import type { RetentionLimits } from './keeping/retention.js';
import { Upkeep } from './keeping/upkeep.js';
import type { StoreContents } from './opening/opening.js';
import { Observations } from './reading/observations.js';
import { levelAccess } from './records/access-store.js';
import { LevelRunJournal } from './records/run-journal.js';
import { RunPruner } from './records/run-pruning.js';
import { levelSchedules } from './records/schedule-store.js';
import { refused } from './series/ledger.js';
import { RefusalLog } from './series/refusals.js';
import { createStoreTools } from './tools/tools.js';

/** Writers wait for their promises: more than this is a writer that does not. */
const WAITING_WRITES_MAX = 2048;

/** The names of the cursors of whoever follows the store: what is dropped before them is lost. */
export interface Followers {
  readonly observations: string;
  readonly runs: string;
}

export interface StoreLimits extends RetentionLimits {
  readonly keepRuns: number;
}

interface OpenedStore extends StoreContents {
  readonly db: Database;
  readonly path: string;
  readonly write: Write;
  readonly meter: WriteMeter;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Before each write to the head log. */
  readonly beforeWrite: () => Promise<void>;
  readonly syncMs: number;
  readonly besides: readonly string[];
  readonly reserve: SpaceReserve;
  readonly limits: StoreLimits;
  readonly dropsOld: boolean;
  readonly followers: Followers | undefined;
}

/** A store on a disk: it can be measured, and sorted anew. */
export interface ToolableStore extends Store, HistoryPacker {
  readonly tools: StoreTools;
  /** The last epoch that came of a backup; 0 where none was restored. */
  readonly restoredEpoch: number;
}

/** The store over an open database: the parts that write, those that read, and the turns that they take. */
export class LevelStore implements ToolableStore {
  readonly gatewayId: GatewayId;
  readonly epoch: number;
  readonly #opened: OpenedStore;
  readonly access: AccessStore;
  readonly schedules: ScheduleStore;
  readonly tools: StoreTools & AsyncDisposable;
  readonly restoredEpoch: number;
  readonly #runs: LevelRunJournal;
  readonly #appender: Appender;
  readonly #observations: Observations;
  readonly #upkeep: Upkeep;
  /** LevelDB's threads could swap two writes, and with them the order of the journal. */
  readonly #writes = new Turns();
  #closing: Promise<void> | undefined;

  constructor(opened: OpenedStore) {
    this.gatewayId = opened.identity.gatewayId;
    this.epoch = opened.identity.epoch;
    this.restoredEpoch = opened.identity.restoredEpoch ?? 0;
    this.#opened = opened;
    const { followers, identity, limits } = opened;
    const retention = new Retention({
      ...opened,
      follower: followers?.observations,
      runs: new RunPruner({
        ...{ ...opened, writes: this.#writes, epoch: identity.epoch },
        ...{ keepRuns: limits.keepRuns, follower: followers?.runs },
      }),
    });
    this.#upkeep = new Upkeep({ ...opened, retention, writes: this.#writes });
    this.#runs = new LevelRunJournal({ ...opened, epoch: this.epoch });
    const refusals = new RefusalLog(opened.logger);
    this.#appender = new Appender({
      ...opened,
      failed: (cause) => writingFailed(opened.path, cause),
      refusal: (refusal) => refusals.tell(refusal),
      blockWritten: () => this.#upkeep.blockWritten(),
    });
    this.tools = createStoreTools({ ...opened, block: () => this.#appender.block });
    this.#observations = new Observations(opened, () => this.#appender.block);
    this.access = levelAccess({
      ...opened,
      writeNow: (operation) => this.#inTurn(() => opened.write([operation], { sync: true })),
      write: (plan) => this.#inTurnAndSynced(async () => opened.write(await plan())),
    });
    this.schedules = levelSchedules({
      ...opened,
      write: (operation) => this.#inTurnAndSynced(() => opened.write([operation])),
    });
    this.#upkeep.tidyLater();
  }

  async append(observation: Observation): Promise<Position> {
    assert(this.#closing === undefined, 'nothing is written to a closed store');
    return this.#appender.append(observation);
  }

  read(after: Position, limit: number): AsyncIterable<StoredObservation> {
    return this.#observations.read(after, limit);
  }

  history(request: HistoryRequest): AsyncIterable<readonly HistoryPoint[]> {
    return this.#observations.history(request);
  }

  packHistory(request: PackRequest): Promise<HistoryPack> {
    return this.#observations.packHistory(request);
  }

  latest(): readonly LatestSample[] {
    return this.#opened.ledger.latest();
  }

  counts(): StoreCounts {
    return this.#opened.ledger.counts();
  }

  async put(run: RunRecord): Promise<void> {
    await this.#inTurnAndSynced(async () => this.#opened.write(await this.#runs.putting(run)));
  }

  get(id: RunId): Promise<RunRecord | undefined> {
    return this.#runs.get(id);
  }

  list(limit: number): Promise<readonly RunRecord[]> {
    return this.#runs.list(limit);
  }

  going(): Promise<readonly RunRecord[]> {
    return this.#runs.going();
  }

  changedRuns(after: Position, limit: number): Promise<readonly RunChange[]> {
    return this.#runs.changedRuns(after, limit);
  }

  async cursor(name: string): Promise<Position> {
    const bytes = await this.#find(keys.cursorKeyOf(name));
    if (bytes === undefined) return BEFORE_EVERYTHING;
    const position = decodePosition(bytes);
    if (position === undefined) throw corrupt(this.#opened.path, `the cursor ${name} cannot be read`);
    return position;
  }

  async setCursor(name: string, position: Position): Promise<void> {
    await this.#inTurn(() => this.#opened.write([put(keys.cursorKeyOf(name), encodePosition(position))]));
  }

  losses(after: Position): readonly LossRecord[] {
    return this.#opened.losses.losses(after);
  }

  recording(): Recording {
    return this.#appender.recording;
  }

  noteLoss(loss: Loss): void {
    this.#opened.losses.noteLoss(loss);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { clocks, db, head, logger, losses, write } = this.#opened;
    await this.#upkeep[Symbol.asyncDispose]();
    const finish = async (): Promise<void> => {
      await this.#appender.finish();
      await write([clocks.close(this.epoch)], { sync: true });
    };
    await finish().catch((error: unknown) => {
      const fields = { reason: reasonOf(error) };
      logger.warn(fields, 'the last samples stay in the head log; the next start reads them from there');
    });
    await this.#writes.take(() => Promise.resolve());
    await losses[Symbol.asyncDispose]();
    await this.tools[Symbol.asyncDispose]();
    await head[Symbol.asyncDispose]();
    await closeDatabase(db);
  }

  async #find(key: Uint8Array): Promise<Uint8Array | undefined> {
    try {
      return await find(this.#opened.db, key);
    } catch (error) {
      throw readingFailed(this.#opened.path, error);
    }
  }

  /** Safe from a power cut a little later. */
  async #inTurnAndSynced(work: () => Promise<void>): Promise<void> {
    await this.#inTurn(work);
    this.#upkeep.syncLater();
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    assert(this.#closing === undefined, 'nothing is written to a closed store');
    if (this.#writes.waiting === WAITING_WRITES_MAX)
      throw refused(`${WAITING_WRITES_MAX} writes wait already`);
    return this.#writes.take(work);
  }
}
