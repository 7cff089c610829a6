/** A controller's buffers for data from its host: which connection holds how many, until it has sent them. */
export class Buffers {
  readonly #held = new Map<number, number>();
  readonly #total: number;

  constructor(total: number) {
    this.#total = total;
  }

  get areFull(): boolean {
    let held = 0;
    for (const count of this.#held.values()) held += count;
    return held >= this.#total;
  }

  take(handle: number): void {
    this.#held.set(handle, (this.#held.get(handle) ?? 0) + 1);
  }

  giveBack(handle: number, packets: number): void {
    this.#held.set(handle, (this.#held.get(handle) ?? 0) - packets);
  }

  /** With its connection. */
  free(handle: number): void {
    this.#held.delete(handle);
  }
}
