import { reasonOf } from '../../domain/index.js';
import type { Logger, Loss, LossReader, LossRecord, LossWriter, Position } from '../../domain/index.js';
import { put, remove } from '../database/database.js';
import type { Database, Operation } from '../database/database.js';
import { Turns } from '../database/turns.js';
import type { Write } from '../database/writer.js';
import * as keys from '../format/keys.js';
import { decodeLoss, encodeLoss } from './loss-codec.js';
import { LossList } from './loss-list.js';

/** What is lost on end is written so often; a disk that failed is asked no more often either. */
const WRITE_MS = 5000;

interface LossLogParts {
  readonly db: Database;
  readonly write: Write;
  readonly logger: Logger;
  readonly epoch: number;
}

/** Keeps what was lost in the database. While that takes nothing it waits in memory, where it is small. */
export class LossLog implements LossReader, LossWriter, AsyncDisposable {
  readonly #write: Write;
  readonly #logger: Logger;
  readonly #list: LossList;
  readonly #turns = new Turns();
  /** By their keys, as text. */
  #unwritten = new Map<string, Operation>();
  #timer: NodeJS.Timeout | undefined;

  private constructor({ write, logger, epoch }: LossLogParts, records: readonly LossRecord[]) {
    this.#write = write;
    this.#logger = logger;
    this.#list = new LossList(epoch, records);
  }

  /** One that cannot be read is left out: the rest says enough to a person. */
  static async open(parts: LossLogParts): Promise<LossLog> {
    const found = await parts.db.values(keys.rangeOf('loss')).all();
    return new LossLog(
      parts,
      found.flatMap((bytes) => decodeLoss(bytes) ?? []),
    );
  }

  losses(after: Position): readonly LossRecord[] {
    return this.#list.changedBehind(after);
  }

  noteLoss(loss: Loss): void {
    const { put: changed, removed } = this.#list.note(loss);
    for (const record of changed) this.#later(put(keys.lossKeyOf(record.born), encodeLoss(record)));
    for (const record of removed) this.#later(remove(keys.lossKeyOf(record.born)));
  }

  /** Now, and not later. @throws what the disk said. */
  flush(): Promise<void> {
    return this.#turns.take(async () => {
      const operations = this.#unwritten;
      if (operations.size === 0) return;
      this.#unwritten = new Map();
      try {
        await this.#write([...operations.values()], { sync: true });
      } catch (error) {
        const newer = this.#unwritten;
        this.#unwritten = new Map([...operations, ...newer]);
        throw error;
      }
    });
  }

  /** What the disk does not take now is lost with the process. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tryToFlush();
    clearTimeout(this.#timer);
  }

  #later(operation: Operation): void {
    this.#unwritten.set(Buffer.from(operation.key).toString('hex'), operation);
    this.#flushLater();
  }

  #flushLater(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.#tryToFlush();
    }, WRITE_MS).unref();
  }

  async #tryToFlush(): Promise<void> {
    try {
      await this.flush();
    } catch (error) {
      this.#logger.warn({ reason: reasonOf(error) }, 'what was lost is not written down yet');
      this.#flushLater();
    }
  }
}
