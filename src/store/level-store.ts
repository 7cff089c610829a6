import { BEFORE_EVERYTHING, PerigeeError, assert, comparePositions, reasonOf } from '../domain/index.js';
import type {
  Clock,
  GatewayId,
  LatestSample,
  Logger,
  Observation,
  Position,
  Sample,
} from '../domain/index.js';
import type { HistoryPoint, HistoryRequest, RunChange, RunId, RunRecord } from '../domain/index.js';
import type { ScheduleStore, Store, StoreCounts, StoredObservation } from '../domain/index.js';
import { Appender } from './appender.js';
import { decodePosition, encodeIdentity, encodePosition } from './codec.js';
import type { Identity } from './codec.js';
import { prepareStoreFolder } from './data-directory.js';
import { find, openDatabase, put } from './database.js';
import type { Database } from './database.js';
import { readHistory } from './history.js';
import * as keys from './keys.js';
import { refused } from './ledger.js';
import { corrupt, openingFailed, readingFailed, writingFailed } from './level-errors.js';
import type { Write } from './migration.js';
import { rowsOf } from './open-block.js';
import type { PlacedRow } from './open-block.js';
import { beginEpoch, openContents } from './opening.js';
import type { StoreContents } from './opening.js';
import { RefusalLog } from './refusals.js';
import { SpaceReserve } from './reserve.js';
import { BLOCKS_TOGETHER } from './rollups.js';
import { LevelRunJournal } from './run-journal.js';
import { levelSchedules } from './schedule-store.js';
import { Turns } from './turns.js';
import { createWriter } from './writer.js';

/** Writers wait for their promises: more than this is a writer that does not. */
const WAITING_WRITES_MAX = 2048;

/** Where a test makes the world fail. */
export interface StoreFaults {
  /** Runs before each write to the database or the head log; what it throws is what the disk would have thrown. */
  readonly beforeWrite?: () => Promise<void>;
}

/**
 * `normal`: a power cut loses at most the last `powerCutSeconds`. `frugal`: it loses what is in no block yet, at most
 * some minutes, and a card is written a third as much. A killed process loses nothing either way.
 */
export type Durability = 'normal' | 'frugal';

export interface LevelStoreOptions {
  /** The data directory; the store keeps to the folder `store` in it. */
  readonly directory: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly durability?: Durability;
  readonly powerCutSeconds?: number;
  readonly faults?: StoreFaults;
}

/** What a power cut may lose, unless told otherwise. */
const POWER_CUT_SECONDS = 10;

/**
 * Opens or makes the store of a data directory and begins an epoch. What it acknowledged survives the process, however
 * that ends, and a power cut loses at most the newest `powerCutSeconds` of it. docs/storage.md has the format.
 *
 * @throws PerigeeError `data-dir-unusable`, `data-dir-locked` or `store-corrupt`.
 */
export async function openLevelStore(options: LevelStoreOptions): Promise<Store> {
  const { directory, clock, logger, faults = {} } = options;
  const startedUs = clock.monotonicUs();
  const path = await prepareStoreFolder(directory);
  const db = await openDatabase(path);
  try {
    const reserve = new SpaceReserve(path, logger);
    await reserve.hold();
    const write = createWriter({ db, path, logger, reserve, beforeWrite: faults.beforeWrite });
    const identity = await beginEpoch(db, path);
    const isFrugal = options.durability === 'frugal';
    const contents = await openContents({
      db,
      path,
      write,
      logger,
      isFrugal,
      epoch: identity.epoch,
    });
    const openMs = (clock.monotonicUs() - startedUs) / 1000;
    logger.debug({ path, epoch: identity.epoch, openMs, ...contents.ledger.counts() }, 'store open');
    const syncMs = (options.powerCutSeconds ?? POWER_CUT_SECONDS) * 1000;
    return new LevelStore({ db, path, identity, write, clock, logger, faults, syncMs, reserve, ...contents });
  } catch (error) {
    await db.close();
    throw error instanceof PerigeeError ? error : openingFailed(path, error);
  }
}

interface Opened extends StoreContents {
  readonly db: Database;
  readonly path: string;
  readonly identity: Identity;
  readonly write: Write;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly faults: StoreFaults;
  readonly syncMs: number;
  readonly reserve: SpaceReserve;
}

class LevelStore implements Store {
  readonly gatewayId: GatewayId;
  readonly epoch: number;
  readonly #opened: Opened;
  readonly schedules: ScheduleStore;
  readonly #runs: LevelRunJournal;
  readonly #appender: Appender;
  /** LevelDB's threads could swap two writes, and with them the order of the journal. */
  readonly #writes = new Turns();
  #timer: NodeJS.Timeout | undefined;
  #blocksSinceFold = 0;
  #closing: Promise<void> | undefined;

  constructor(opened: Opened) {
    this.gatewayId = opened.identity.gatewayId;
    this.epoch = opened.identity.epoch;
    this.#opened = opened;
    this.#runs = new LevelRunJournal({ ...opened, epoch: this.epoch });
    const refusals = new RefusalLog(opened.logger);
    this.#appender = new Appender({
      ...opened,
      beforeWrite: () => opened.faults.beforeWrite?.() ?? Promise.resolve(),
      failed: (cause) => writingFailed(opened.path, cause),
      refusal: (refusal) => refusals.tell(refusal),
      blockWritten: () => this.#foldLater(),
    });
    this.schedules = levelSchedules({
      ...opened,
      write: async (operation) => {
        await this.#inTurn(() => opened.write([operation]));
        this.#syncLater();
      },
    });
  }

  async append(observation: Observation): Promise<Position> {
    assert(this.#closing === undefined, 'nothing is written to a closed store');
    return this.#appender.append(observation);
  }

  async *read(after: Position, limit: number): AsyncIterable<StoredObservation> {
    assert(Number.isSafeInteger(limit) && limit >= 0, 'a limit is a whole number');
    let place = after;
    for (let left = limit; left > 0;) {
      const rows = await this.#rowsBehind(place);
      if (rows.length === 0) return;
      for (const row of rows.slice(0, left)) yield this.#observationOf(row);
      place = rows.at(-1)?.position ?? place;
      left -= rows.length;
    }
  }

  async *history(request: HistoryRequest): AsyncIterable<readonly HistoryPoint[]> {
    const { clocks, ledger, readers, rollups } = this.#opened;
    const id = ledger.idOf(request.series);
    if (id === undefined) return;
    const open = this.#appender.block;
    const parts = { readers, open, ends: rollups.ends, epochs: clocks.timed(open) };
    yield* readHistory(parts, id, request);
  }

  latest(): readonly LatestSample[] {
    return this.#opened.ledger.latest();
  }

  counts(): StoreCounts {
    return this.#opened.ledger.counts();
  }

  async put(run: RunRecord): Promise<void> {
    await this.#inTurn(async () => this.#opened.write(await this.#runs.putting(run)));
    this.#syncLater();
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

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** A power cut takes no more of the journal than of the samples. LevelDB syncs by a write: this one changes nothing. */
  #syncLater(): void {
    const { identity, logger, syncMs, write } = this.#opened;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const written = this.#writes.take(() =>
        write([put(keys.IDENTITY_KEY, encodeIdentity(identity))], { sync: true }),
      );
      written.catch((error: unknown) => {
        logger.error({ reason: reasonOf(error) }, 'runs are not safe from a power cut yet');
        if (this.#closing === undefined) this.#syncLater();
      });
    }, syncMs).unref();
  }

  /** An hour of blocks at a time; a failure leaves it to the next one. */
  #foldLater(): void {
    this.#blocksSinceFold += 1;
    if (this.#blocksSinceFold < BLOCKS_TOGETHER) return;
    this.#blocksSinceFold = 0;
    const { logger, rollups } = this.#opened;
    this.#writes
      .take(() => rollups.fold())
      .catch((error: unknown) =>
        logger.warn({ reason: reasonOf(error) }, 'roll-ups wait for the next block'),
      );
  }

  async #close(): Promise<void> {
    const { db, head, logger } = this.#opened;
    clearTimeout(this.#timer);
    await this.#appender.finish().catch((error: unknown) => {
      const fields = { reason: reasonOf(error) };
      logger.warn(fields, 'the last samples stay in the head log; the next start reads them from there');
    });
    await this.#writes.take(() => Promise.resolve());
    await head[Symbol.asyncDispose]();
    await db.close();
  }

  /** Of one block, or of what is in none yet. A block leaves memory only once the database has it. */
  async #rowsBehind(place: Position): Promise<readonly PlacedRow[]> {
    const inMemory = (): readonly PlacedRow[] | undefined => {
      const { block } = this.#appender;
      const before = { epoch: block.epoch, sequence: block.first - 1 };
      return comparePositions(place, before) < 0
        ? undefined
        : rowsOf(block, place.epoch > block.epoch ? Infinity : place.sequence);
    };
    const { block } = this.#appender;
    return inMemory() ?? (await this.#opened.readers.raw.rowsBehind(place)) ?? rowsOf(block, 0);
  }

  #observationOf({ position, monotonicUs, wallMs, runId, seriesIds, values }: PlacedRow): StoredObservation {
    const { ledger } = this.#opened;
    const samples = seriesIds.flatMap((id, index): Sample[] => {
      const series = ledger.seriesOf(id);
      return series === undefined ? [] : [{ series, value: values[index] ?? NaN }];
    });
    return { position, monotonicUs, wallMs, samples, ...(runId === undefined ? {} : { runId }) };
  }

  async #find(key: Uint8Array): Promise<Uint8Array | undefined> {
    try {
      return await find(this.#opened.db, key);
    } catch (error) {
      throw readingFailed(this.#opened.path, error);
    }
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    assert(this.#closing === undefined, 'nothing is written to a closed store');
    if (this.#writes.waiting === WAITING_WRITES_MAX)
      throw refused(`${WAITING_WRITES_MAX} writes wait already`);
    return this.#writes.take(work);
  }
}
