import { reasonOf } from '../../domain/index.js';
import type { Logger } from '../../domain/index.js';
import { put } from '../database/database.js';
import type { Turns } from '../database/turns.js';
import type { Write } from '../database/writer.js';
import { encodeIdentity } from '../format/codec.js';
import type { Identity } from '../format/codec.js';
import * as keys from '../format/keys.js';
import { BLOCKS_TOGETHER } from '../rollups/rollups.js';
import type { Rollups } from '../rollups/rollups.js';
import type { Retention } from './retention.js';

interface UpkeepParts {
  readonly identity: Identity;
  readonly write: Write;
  readonly logger: Logger;
  readonly rollups: Rollups;
  readonly retention: Retention;
  /** Whether retention is this opener's to do. */
  readonly dropsOld: boolean;
  /** Of all that writes beside the appender. */
  readonly writes: Turns;
  readonly syncMs: number;
}

/** What a store does by itself, in turn with its other writes. */
export class Upkeep implements AsyncDisposable {
  readonly #parts: UpkeepParts;
  #timer: NodeJS.Timeout | undefined;
  #blocksSinceFold = 0;
  readonly #end = new AbortController();
  /** Settles with the last round; never rejects. */
  #tidying: Promise<void> = Promise.resolve();

  constructor(parts: UpkeepParts) {
    this.#parts = parts;
  }

  /** A power cut takes no more of the journal than of the samples. LevelDB syncs by a write: this one changes nothing. */
  syncLater(): void {
    const { identity, logger, syncMs, write, writes } = this.#parts;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const written = writes.take(() =>
        write([put(keys.IDENTITY_KEY, encodeIdentity(identity))], { sync: true }),
      );
      written.catch((error: unknown) => {
        logger.error({ reason: reasonOf(error) }, 'runs are not safe from a power cut yet');
        if (!this.#end.signal.aborted) this.syncLater();
      });
    }, syncMs).unref();
  }

  /** An hour of blocks at a time; a failure leaves it to the next one. */
  blockWritten(): void {
    this.#blocksSinceFold += 1;
    if (this.#blocksSinceFold < BLOCKS_TOGETHER) return;
    this.#blocksSinceFold = 0;
    const { logger, rollups, writes } = this.#parts;
    writes
      .take(() => rollups.fold())
      .catch((error: unknown) => logger.warn({ reason: reasonOf(error) }, 'roll-ups wait for the next block'))
      .finally(() => this.tidyLater());
  }

  /** In the background; a failure leaves it to the next round. */
  tidyLater(): void {
    const { dropsOld, logger, retention } = this.#parts;
    if (!dropsOld) return;
    const { signal } = this.#end;
    this.#tidying = this.#tidying.then(async () => {
      try {
        if (!signal.aborted) await retention.tidy(signal);
      } catch (error) {
        if (!signal.aborted) logger.warn({ reason: reasonOf(error) }, 'what is too old is dropped later');
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    clearTimeout(this.#timer);
    await this.#tidying;
  }
}
