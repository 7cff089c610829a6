import { reasonOf } from '../domain/index.js';
import type { Logger, LossReason, LossWriter, Observation, ObservationWriter } from '../domain/index.js';
import { lossReasonOf } from './database/level-errors.js';

/** Some seconds of a busy gateway; a card that stalls for longer costs observations, and says so. */
const MAX_WAITING = 1024;
/** A full disk loses every observation there is: the log says how many, not each. */
const LOG_INTERVAL_MS = 1000;

/** The way into the store: callbacks enqueue, one loop appends in order. */
export interface Recorder extends AsyncDisposable {
  record(observation: Observation): void;
  /** Observations that were not stored: the queue was full, or the store refused them. */
  readonly lost: number;
}

/** What is recorded in, and told what could not be. */
export interface RecorderStore extends ObservationWriter, LossWriter {
  readonly epoch: number;
}

/** Disposing it stores what waits. */
export function createRecorder(store: RecorderStore, logger: Logger): Recorder {
  const waiting: Observation[] = [];
  const losses = new Losses(logger);
  let loop: Promise<void> | undefined;
  const lose = ({ wallMs }: Observation, reason: LossReason, text: string): void => {
    losses.add(text);
    const times = { fromMs: wallMs, toMs: wallMs };
    store.noteLoss({ reason, what: 'observations', count: 1, epoch: store.epoch, times });
  };

  const drain = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const one = next;
      await store.append(one).catch((error: unknown) => lose(one, lossReasonOf(error), reasonOf(error)));
    }
    loop = undefined;
  };
  return {
    record(observation) {
      if (waiting.length === MAX_WAITING) {
        lose(observation, 'overload', `${MAX_WAITING} wait already`);
        return;
      }
      waiting.push(observation);
      loop ??= drain();
    },
    get lost() {
      return losses.total;
    },
    async [Symbol.asyncDispose]() {
      await loop;
      losses[Symbol.dispose]();
    },
  };
}

/** Counts losses, and logs the first at once and those that follow together. */
class Losses implements Disposable {
  readonly #logger: Logger;
  #timer: NodeJS.Timeout | undefined;
  #unsaid = 0;
  #reason = '';
  total = 0;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  add(reason: string): void {
    this.total += 1;
    this.#unsaid += 1;
    this.#reason = reason;
    if (this.#timer === undefined) this.#say();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#log();
  }

  #say(): void {
    this.#timer = undefined;
    if (this.#unsaid === 0) return;
    this.#log();
    this.#timer = setTimeout(() => this.#say(), LOG_INTERVAL_MS).unref();
  }

  #log(): void {
    if (this.#unsaid === 0) return;
    const fields = { observations: this.#unsaid, lost: this.total };
    this.#logger.error(fields, `observations were not stored, the last one because: ${this.#reason}`);
    this.#unsaid = 0;
  }
}
