/**
 * Between notifications, which come when they come, and a reader with its own pace. Holds `limit` values; the oldest
 * give way, since the newest are what a live display is for.
 */
export class ValueQueue<T> implements AsyncIterable<T> {
  readonly #limit: number;
  readonly #values: T[] = [];
  #wake: (() => void) | undefined;
  #ended = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(value: T): void {
    if (this.#ended) return;
    if (this.#values.length >= this.#limit) this.#values.shift();
    this.#values.push(value);
    this.#wake?.();
  }

  /** What is there is still read. */
  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      const value = this.#values.shift();
      if (value !== undefined) yield value;
      else if (this.#ended) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
