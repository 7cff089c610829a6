/**
 * A phone that has just connected looks at the services for some seconds, and its owner for as long again for what to
 * press. One that has asked for nothing for this long uses its place no more.
 */
const IDLE_MS = 60_000;

/** Which phones do nothing: they are let go where they keep another one out, and only there. */
export class Idlers {
  readonly #nowMs: () => number;
  readonly #usedMs = new Map<number, number>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  connected(handle: number): void {
    this.#usedMs.set(handle, this.#nowMs());
  }

  /** It has read, written or unsubscribed. To begin a conversation is no use yet: that is repeated at no cost. */
  used(handle: number): void {
    if (this.#usedMs.has(handle)) this.connected(handle);
  }

  left(handle: number): void {
    this.#usedMs.delete(handle);
  }

  /** Of `places` that are all taken: whose phones nobody keeps for a subscription, and that did nothing for long. */
  leaving(places: number, isKept: (handle: number) => boolean): readonly number[] {
    if (this.#usedMs.size < places) return [];
    const sinceMs = this.#nowMs() - IDLE_MS;
    return [...this.#usedMs].flatMap(([handle, usedMs]) =>
      usedMs <= sinceMs && !isKept(handle) ? [handle] : [],
    );
  }
}
