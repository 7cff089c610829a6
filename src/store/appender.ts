import { PerigeeError, assert, reasonOf } from '../domain/index.js';
import type { Clock, Logger, Observation, Position, Recording } from '../domain/index.js';
import { blockOperations } from './blocks/sealed-block.js';
import { OpenBlock } from './blocks/open-block.js';
import { put } from './database/database.js';
import type { Operation } from './database/database.js';
import { lossReasonOf } from './database/level-errors.js';
import type { SpaceReserve } from './database/reserve.js';
import { Turns } from './database/turns.js';
import type { Write } from './database/writer.js';
import type { EpochClocks } from './epochs/epoch-clock.js';
import { encodeHeadStarts, encodeTotals } from './format/codec.js';
import * as keys from './format/keys.js';
import { RING_BYTES } from './head/head-ring.js';
import { HEAD_FULL_BYTES } from './head/head.js';
import type { Head } from './head/head.js';
import { refused } from './series/ledger.js';
import type { Entry, Ledger, Refusal } from './series/ledger.js';
import { encodeSeries } from './series/observation-codec.js';
import type { PlacedRow } from './series/row.js';

/** Ten columns of so long take 4 kB: a block of LevelDB. Longer ones would keep more in memory and save little. */
export const BLOCK_US = 300 * 1e6;
/** Eight bytes each, while they wait to become a block. */
const BLOCK_SAMPLES_MAX = 2 ** 18;
/** Written together: one write to the head log. */
const GROUP_OBSERVATIONS_MAX = 256;
const GROUP_SAMPLES_MAX = 2 ** 14;
/** Writers wait for their promises: more than this is a writer that does not. */
const WAITING_MAX = 2048;
/** A disk that failed is not asked with every observation. */
const RETRY_US = 10 * 1e6;
/** What the last group before the ring is full may take. */
const ROOM_BYTES_LEAST = 2 ** 18;

export interface AppenderParts {
  readonly clocks: EpochClocks;
  readonly reserve: SpaceReserve;
  readonly ledger: Ledger;
  readonly head: Head;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long what was appended may be lost by a power cut. */
  readonly syncMs: number;
  /** To the database. */
  readonly write: Write;
  /** Before each write to the head log. */
  readonly beforeWrite: () => Promise<void>;
  readonly failed: (cause: unknown) => PerigeeError;
  readonly refusal: (refusal: Refusal) => void;
  /** After each block that was written. */
  readonly blockWritten: () => void;
}

interface Waiting {
  readonly observation: Observation;
  readonly resolve: (position: Position) => void;
  readonly reject: (error: unknown) => void;
}

/** The way from observations to blocks: in groups into the head log, and from there a block at a time into LevelDB. */
export class Appender {
  readonly #parts: AppenderParts;
  readonly #turns = new Turns();
  #waiting: Waiting[] = [];
  #isDraining = false;
  /** In the database, and not yet safe from a power cut. */
  #newSeries: Operation[] = [];
  #block: OpenBlock;
  #openedUs: number;
  #retryAtUs = 0;
  #timer: NodeJS.Timeout | undefined;
  #stalled: Recording | undefined;
  #refusing: Recording | undefined;

  constructor(parts: AppenderParts) {
    this.#parts = parts;
    this.#block = this.#emptyBlock();
    this.#openedUs = parts.clock.monotonicUs();
  }

  /** What the last write of each kind showed. */
  get recording(): Recording {
    return this.#refusing ?? this.#stalled ?? { kind: 'whole' };
  }

  /** What is in no block of the database yet. */
  get block(): OpenBlock {
    return this.#block;
  }

  append(observation: Observation): Promise<Position> {
    if (this.#waiting.length === WAITING_MAX)
      return Promise.reject(refused(`${WAITING_MAX} observations wait already`));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ observation, resolve, reject });
      if (!this.#isDraining) this.#drainLater();
    });
  }

  /** Everything into blocks. @throws what the disk said. */
  async finish(): Promise<void> {
    clearTimeout(this.#timer);
    while (this.#isDraining) await this.#turns.take(() => Promise.resolve());
    await this.#turns.take(() => this.#flush());
  }

  /** A group a turn, so that others have theirs between them. */
  #drainLater(): void {
    this.#isDraining = true;
    void this.#turns.take(async () => {
      const group = this.#takeGroup();
      try {
        await this.#appendGroup(group);
        this.#refusing = undefined;
      } catch (error) {
        this.#refusing = { kind: 'stopped', reason: lossReasonOf(error) };
        for (const { reject } of group) reject(error);
      }
      await this.#flushIfDue();
      this.#isDraining = false;
      if (this.#waiting.length > 0) this.#drainLater();
    });
  }

  #takeGroup(): readonly Waiting[] {
    let samples = 0;
    let count = 0;
    for (const { observation } of this.#waiting.slice(0, GROUP_OBSERVATIONS_MAX)) {
      samples += observation.samples.length;
      if (count > 0 && samples > GROUP_SAMPLES_MAX) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  async #appendGroup(group: readonly Waiting[]): Promise<void> {
    const { head, ledger, write, failed, refusal, beforeWrite } = this.#parts;
    const draft = ledger.draft();
    const planned = group.flatMap((waiting) => {
      try {
        return [{ waiting, entry: ledger.plan(waiting.observation, draft) }];
      } catch (error) {
        waiting.reject(error);
        return [];
      }
    });
    if (draft.series.size > 0) {
      const series = Array.from(draft.series, ([id, one]) =>
        put(keys.seriesKeyOf(id), encodeSeries(id, one)),
      );
      await write(series);
      this.#newSeries.push(...series);
    }
    if (head.usedBytes > RING_BYTES - ROOM_BYTES_LEAST) await this.#flush();
    const rows = rowsOf(planned.map(({ entry }) => entry));
    try {
      await beforeWrite();
      if (rows.length > 0) await head.append(rows);
    } catch (error) {
      throw failed(error);
    }
    for (const [index, { waiting, entry }] of planned.entries()) {
      ledger.commit(entry);
      const row = rows[index];
      assert(row !== undefined, 'every entry has its row');
      this.#block.add(row);
      waiting.resolve(entry.position);
      entry.refusals.forEach(refusal);
    }
    this.#syncLater();
  }

  #syncLater(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.#turns.take(() => {
        this.#sync();
        return Promise.resolve();
      });
    }, this.#parts.syncMs).unref();
  }

  /** Series go first: a power cut that spared samples and took their series would take the samples too. */
  #sync(): void {
    const { head, write } = this.#parts;
    const series = this.#newSeries;
    this.#newSeries = [];
    head.sync(async () => {
      if (series.length === 0) return;
      try {
        await write(series, { sync: true });
      } catch (error) {
        this.#newSeries.push(...series);
        throw error;
      }
    });
  }

  async #flushIfDue(): Promise<void> {
    const { clock, head, logger } = this.#parts;
    const openUs = clock.monotonicUs() - this.#openedUs;
    const isDue =
      this.#block.count > 0 &&
      (head.usedBytes >= HEAD_FULL_BYTES || this.#block.samples >= BLOCK_SAMPLES_MAX || openUs >= BLOCK_US);
    if (!isDue || clock.monotonicUs() < this.#retryAtUs) return;
    try {
      await this.#flush();
    } catch (error) {
      this.#retryAtUs = clock.monotonicUs() + RETRY_US;
      logger.error(
        { reason: reasonOf(error) },
        'a block could not be written; its samples stay in the head log',
      );
    }
  }

  async #flush(): Promise<void> {
    try {
      await this.#writeBlock();
      this.#stalled = undefined;
    } catch (error) {
      this.#stalled = { kind: 'waiting', reason: lossReasonOf(error) };
      throw error;
    }
  }

  async #writeBlock(): Promise<void> {
    const { blockWritten, clocks, failed, head, ledger, reserve, write } = this.#parts;
    const block = this.#block;
    await head.settled();
    if (block.count === 0) return;
    if (!(await reserve.hold())) throw failed(new Error('the disk is full'));
    const operations = [
      ...blockOperations(block),
      clocks.note(block),
      put(keys.TOTALS_KEY, encodeTotals(ledger.totals)),
      put(keys.HEAD_KEY, encodeHeadStarts(head.starts)),
    ];
    await write(operations, { sync: true, isSamples: true });
    this.#newSeries = [];
    head.release();
    this.#block = this.#emptyBlock();
    this.#openedUs = this.#parts.clock.monotonicUs();
    blockWritten();
  }

  #emptyBlock(): OpenBlock {
    const { epoch, sequence } = this.#parts.ledger.position;
    return new OpenBlock({ epoch, sequence: sequence + 1 });
  }
}

/** Their values are in one piece of memory. */
function rowsOf(entries: readonly Entry[]): readonly PlacedRow[] {
  const all = new Float64Array(entries.reduce((count, { seriesIds }) => count + seriesIds.length, 0));
  let end = 0;
  return entries.map(({ position, observation, seriesIds }) => {
    const { monotonicUs, wallMs, runId, samples } = observation;
    const start = end;
    for (const { value } of samples) {
      all[end] = value;
      end += 1;
    }
    return { position, monotonicUs, wallMs, runId, seriesIds, values: all.subarray(start, end) };
  });
}
