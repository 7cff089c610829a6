/**
 * One publisher, many readers, each at its own pace. A reader that falls `limit` items behind loses the oldest that may
 * be lost, so that a slow one costs the others nothing. What `keeps` names is never lost: it has to be rare.
 */
export class Topic<T> {
  readonly #readers = new Set<Reader<T>>();
  readonly #keeps: (item: T) => boolean;
  #closed = false;

  constructor(keeps: (item: T) => boolean = () => false) {
    this.#keeps = keeps;
  }

  publish(item: T): void {
    for (const reader of this.#readers) reader.offer(item);
  }

  /** From this call on, not from the first `next()`: nothing published in between is missed. */
  subscribe(limit = DEFAULT_BACKLOG): Subscription<T> {
    const reader = new Reader<T>(limit, this.#keeps, () => this.#readers.delete(reader));
    if (this.#closed) reader.finish();
    else this.#readers.add(reader);
    return reader;
  }

  /** Ends every reader once it has read what it was given. */
  close(): void {
    this.#closed = true;
    for (const reader of [...this.#readers]) reader.finish();
  }

  get readers(): number {
    return this.#readers.size;
  }
}

/** Some seconds of a busy gateway. */
const DEFAULT_BACKLOG = 256;

export interface Subscription<T> extends AsyncIterableIterator<T> {
  /** Nothing more is taken; what was published so far can still be read. */
  finish(): void;
  /** Whether something like this waits to be read. */
  holds(test: (item: T) => boolean): boolean;
}

class Reader<T> implements Subscription<T> {
  readonly #limit: number;
  readonly #keeps: (item: T) => boolean;
  readonly #leave: () => void;
  readonly #queue: T[] = [];
  #wake: (() => void) | undefined;
  #finished = false;

  constructor(limit: number, keeps: (item: T) => boolean, leave: () => void) {
    this.#limit = limit;
    this.#keeps = keeps;
    this.#leave = leave;
  }

  offer(item: T): void {
    if (this.#queue.length >= this.#limit) {
      const oldest = this.#queue.findIndex((waiting) => !this.#keeps(waiting));
      if (oldest >= 0) this.#queue.splice(oldest, 1);
    }
    this.#queue.push(item);
    this.#wake?.();
  }

  holds(test: (item: T) => boolean): boolean {
    return this.#queue.some(test);
  }

  finish(): void {
    this.#finished = true;
    this.#leave();
    this.#wake?.();
  }

  async next(): Promise<IteratorResult<T>> {
    for (;;) {
      const item = this.#queue.shift();
      if (item !== undefined) return { done: false, value: item };
      if (this.#finished) return { done: true, value: undefined };
      await new Promise<void>((wake) => (this.#wake = wake));
    }
  }

  return(): Promise<IteratorResult<T>> {
    this.#queue.length = 0;
    this.finish();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): Subscription<T> {
    return this;
  }
}
