import { BEFORE_EVERYTHING, PerigeeError, assert, reasonOf } from '../domain/index.js';
import type { Clock, GatewayId, LatestSample, Logger, Observation, Position } from '../domain/index.js';
import type { RunChange, RunId, RunRecord, Store, StoreCounts, StoredObservation } from '../domain/index.js';
import { decodePosition, encodePosition, encodeTotals } from './codec.js';
import type { Identity } from './codec.js';
import { prepareStoreFolder } from './data-directory.js';
import { find, openDatabase, put } from './database.js';
import type { Database, Operation } from './database.js';
import * as keys from './keys.js';
import { refused } from './ledger.js';
import type { Entry, Ledger, Refusal } from './ledger.js';
import { corrupt, openingFailed, readingFailed, writingFailed } from './level-errors.js';
import { decodeObservation, encodeLatest, encodeObservation, encodeSeries } from './observation-codec.js';
import { beginEpoch, loadLedger } from './opening.js';
import { LevelRunJournal } from './run-journal.js';

/** Opening reads about so many observations again at most, at some microseconds each, to know the newest samples. */
export const CHECKPOINT_EVERY = 500;
/** Writers wait for their promises: more than this is a writer that does not. */
const WAITING_WRITES_MAX = 2048;

/** Refusals that are told; the rest only count. */
const TOLD_MAX = 1000;

/** Where a test makes the world fail. */
export interface StoreFaults {
  /** Runs before each batch; what it throws is what the disk would have thrown. */
  readonly beforeWrite?: () => Promise<void>;
}

export interface LevelStoreOptions {
  /** The data directory; the store keeps to the folder `store` in it. */
  readonly directory: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly faults?: StoreFaults;
}

/**
 * Opens or makes the store of a data directory and begins an epoch. What it acknowledged survives the process, however
 * that ends. LevelDB does not sync each write, so a power cut loses what the kernel had not yet written out.
 *
 * @throws PerigeeError `data-dir-unusable`, `data-dir-locked` or `store-corrupt`.
 */
export async function openLevelStore(options: LevelStoreOptions): Promise<Store> {
  const { directory, clock, logger, faults = {} } = options;
  const startedUs = clock.monotonicUs();
  const path = await prepareStoreFolder(directory);
  const db = await openDatabase(path);
  try {
    const identity = await beginEpoch(db, path);
    const ledger = await loadLedger(db, path, identity.epoch);
    const openMs = (clock.monotonicUs() - startedUs) / 1000;
    logger.debug({ path, epoch: identity.epoch, openMs, ...ledger.counts() }, 'store open');
    return new LevelStore({ db, path, identity, ledger, logger, faults });
  } catch (error) {
    await db.close();
    throw error instanceof PerigeeError ? error : openingFailed(path, error);
  }
}

interface Opened {
  readonly db: Database;
  readonly path: string;
  readonly identity: Identity;
  readonly ledger: Ledger;
  readonly logger: Logger;
  readonly faults: StoreFaults;
}

class LevelStore implements Store {
  readonly gatewayId: GatewayId;
  readonly epoch: number;
  readonly #opened: Opened;
  readonly #runs: LevelRunJournal;
  /** What samples were refused for, as far as it was told. */
  readonly #told = new Set<string>();
  /** Settles with the last write asked for; never rejects. */
  #lastWrite: Promise<unknown> = Promise.resolve();
  #waitingWrites = 0;
  #closing: Promise<void> | undefined;

  constructor(opened: Opened) {
    this.gatewayId = opened.identity.gatewayId;
    this.epoch = opened.identity.epoch;
    this.#opened = opened;
    this.#runs = new LevelRunJournal({ ...opened, epoch: this.epoch });
  }

  append(observation: Observation): Promise<Position> {
    return this.#inTurn(async () => {
      const { ledger } = this.#opened;
      const entry = ledger.plan(observation);
      await this.#write(appendOperations(entry, ledger));
      ledger.commit(entry);
      entry.refusals.forEach((refusal) => this.#tell(refusal));
      if (ledger.notedSinceCheckpoint >= CHECKPOINT_EVERY) await this.#checkpoint();
      return entry.position;
    });
  }

  async *read(after: Position, limit: number): AsyncIterable<StoredObservation> {
    assert(Number.isSafeInteger(limit) && limit >= 0, 'a limit is a whole number');
    const { db, ledger, path } = this.#opened;
    const rows = db.iterator({ ...keys.observationsBehind(after), limit });
    try {
      for await (const [key, value] of rows) {
        const position = keys.positionOfKey(key);
        const observation = decodeObservation(value, (id) => ledger.seriesOf(id));
        if (observation === undefined)
          throw corrupt(path, `observation ${JSON.stringify(position)} cannot be read`);
        yield { ...observation, position };
      }
    } catch (error) {
      throw error instanceof PerigeeError ? error : readingFailed(path, error);
    }
  }

  latest(): readonly LatestSample[] {
    return this.#opened.ledger.latest();
  }

  counts(): StoreCounts {
    return this.#opened.ledger.counts();
  }

  async put(run: RunRecord): Promise<void> {
    await this.#inTurn(async () => this.#write(await this.#runs.putting(run)));
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
    await this.#inTurn(() => this.#write([put(keys.cursorKeyOf(name), encodePosition(position))]));
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#lastWrite.then(async () => {
      await this.#checkpoint();
      await this.#opened.db.close();
    });
    return this.#closing;
  }

  /** Once for each series or image: what is refused now comes again every second. */
  #tell({ about, reason }: Refusal): void {
    if (this.#told.has(about) || this.#told.size === TOLD_MAX) return;
    this.#told.add(about);
    this.#opened.logger.warn({ about }, `samples are not stored: ${reason}`);
  }

  async #find(key: Uint8Array): Promise<Uint8Array | undefined> {
    try {
      return await find(this.#opened.db, key);
    } catch (error) {
      throw readingFailed(this.#opened.path, error);
    }
  }

  /** Writes go one after another: LevelDB's threads could swap two, and with them the order and the totals. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    assert(this.#closing === undefined, 'nothing is written to a closed store');
    if (this.#waitingWrites === WAITING_WRITES_MAX)
      throw refused(`${WAITING_WRITES_MAX} writes wait already`);
    this.#waitingWrites += 1;
    const done = this.#lastWrite.then(work).finally(() => (this.#waitingWrites -= 1));
    // A failure belongs to whoever asked for the write; the next one has its own chance.
    this.#lastWrite = done.catch(() => undefined);
    return done;
  }

  async #write(operations: Operation[]): Promise<void> {
    try {
      await this.#opened.faults.beforeWrite?.();
      await this.#opened.db.batch(operations);
    } catch (error) {
      throw writingFailed(this.#opened.path, error);
    }
  }

  /** Saves the newest samples. A failure costs the next opening some reading, and nothing else. */
  async #checkpoint(): Promise<void> {
    const { ledger, logger } = this.#opened;
    if (ledger.notedSinceCheckpoint === 0) return;
    const latest = Array.from(ledger.changed, ([id, sample]) =>
      put(keys.latestKeyOf(id), encodeLatest(id, sample)),
    );
    try {
      await this.#write([...latest, put(keys.CHECKPOINT_KEY, encodePosition(ledger.position))]);
      ledger.checkpointTaken();
    } catch (error) {
      logger.warn(
        { reason: reasonOf(error) },
        'the newest samples could not be saved; the next start reads longer',
      );
    }
  }
}

function appendOperations(entry: Entry, ledger: Ledger): Operation[] {
  const { position, observation, seriesIds, newSeries } = entry;
  return [
    ...Array.from(newSeries, ([id, series]) => put(keys.seriesKeyOf(id), encodeSeries(id, series))),
    put(keys.observationKeyOf(position), encodeObservation(position.sequence, observation, seriesIds)),
    put(keys.TOTALS_KEY, encodeTotals(ledger.totalsAfter(entry))),
  ];
}
