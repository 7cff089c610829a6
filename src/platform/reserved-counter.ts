import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as v from 'valibot';
import { PerigeeError, reasonOf } from '../domain/index.js';
import type { Logger } from '../domain/index.js';

/** Of a life that may be short: a gateway that is started again and again uses up no more than it must. */
const FIRST_BLOCK = 64;
/** At one every 5 s, 85 minutes: 17 writes a day, of about 16 kB each with what the file system adds. */
const BLOCK = 1024;
/** Farther than any life gets between a backup and its loss: 2.6 years at one every 5 s. */
const RESTORED_SKIP = 2 ** 24;
const MODE = 0o600;

const keptSchema = v.object({
  /** No number from here on was ever given. */
  free: v.pipe(v.number(), v.integer(), v.minValue(0)),
  /** Of the store, when it was written. */
  restoredEpoch: v.pipe(v.number(), v.integer(), v.minValue(0)),
});

interface CounterOptions {
  /** It ends with this one. */
  readonly most: number;
  /** Which restoring of a backup this is: what was given after that backup nobody knows any more. */
  readonly restoredEpoch: number;
  /** At least this, where something else tells how far it may have come. */
  readonly floor: number;
  readonly logger: Logger;
}

/**
 * Numbers that rise and never come twice, whatever ends the process: before any of a block is given, the end of that
 * block is in a file, and synced. What is left of a block in the end is never given.
 */
export class ReservedCounter implements AsyncDisposable {
  readonly #path: string;
  readonly #options: CounterOptions;
  #next: number;
  #free: number;
  #reserving: Promise<void> | undefined;
  #failed = false;

  private constructor(path: string, options: CounterOptions, next: number) {
    this.#path = path;
    this.#options = options;
    this.#next = next;
    this.#free = next;
  }

  /** @throws PerigeeError `data-dir-unusable`: what is in the file is no counter, or it cannot be written. */
  static async open(path: string, options: CounterOptions): Promise<ReservedCounter> {
    try {
      const { free, restoredEpoch } = await kept(path);
      const skip = restoredEpoch === options.restoredEpoch ? 0 : RESTORED_SKIP;
      const counter = new ReservedCounter(path, options, Math.max(free + skip, options.floor));
      await counter.#reserve(FIRST_BLOCK);
      return counter;
    } catch (cause) {
      const cure = 'Look at its permissions and its disk; if it is damaged, remove it and choose a new key.';
      const message = `the counter in ${path} cannot be used: ${reasonOf(cause)}`;
      throw new PerigeeError('data-dir-unusable', message, cure, { cause });
    }
  }

  /** Undefined when none is left, or none could be reserved. */
  take(): number | undefined {
    // Early, so that the next block is there before this one has ended.
    if (this.#free - this.#next <= FIRST_BLOCK / 2) this.#reserveMore();
    return this.#next < this.#free ? this.#next++ : undefined;
  }

  /** Nothing is written any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reserving;
  }

  #reserveMore(): void {
    this.#reserving ??= this.#reserve(BLOCK)
      .then(
        () => (this.#failed = false),
        (error: unknown) => this.#complain(error),
      )
      .then(() => (this.#reserving = undefined));
  }

  async #reserve(count: number): Promise<void> {
    const free = Math.min(this.#free + count, this.#options.most + 1);
    const { restoredEpoch } = this.#options;
    if (free > this.#free) await keep(this.#path, `${JSON.stringify({ free, restoredEpoch })}\n`);
    this.#free = free;
  }

  /** Once: it is tried again with each number that is wanted. */
  #complain(error: unknown): void {
    if (!this.#failed) this.#options.logger.error({ reason: reasonOf(error) }, `cannot write ${this.#path}`);
    this.#failed = true;
  }
}

async function kept(path: string): Promise<v.InferOutput<typeof keptSchema>> {
  try {
    return v.parse(keptSchema, JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      return { free: 0, restoredEpoch: 0 };
    throw error;
  }
}

/** A power cut leaves the old text or the new one. */
async function keep(path: string, text: string): Promise<void> {
  const aside = `${path}.new`;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  {
    await using file = await open(aside, 'w', MODE);
    await file.writeFile(text);
    await file.sync();
  }
  await rename(aside, path);
  await using folder = await open(dirname(path));
  await folder.sync();
}
