/** Work that is done one piece after another, in the order in which it was asked for. */
export class Turns {
  /** Settles with the last piece; never rejects. */
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  get waiting(): number {
    return this.#waiting;
  }

  take<T>(work: () => Promise<T>): Promise<T> {
    this.#waiting += 1;
    const done = this.#last.then(work).finally(() => (this.#waiting -= 1));
    // A failure belongs to whoever asked; the next piece has its own chance.
    this.#last = done.catch(() => undefined);
    return done;
  }
}
