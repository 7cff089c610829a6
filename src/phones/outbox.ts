import { fragments } from '@perigee/gatt';
import type { GattLink } from '../domain/index.js';

/** Messages that may wait for one phone. Answers are few, since commands are; of notices the oldest give way. */
const MAX_WAITING = 32;

interface Waiting {
  readonly plaintext: Uint8Array;
  readonly mayBeLost: boolean;
}

/**
 * What waits for one phone: sealed when its turn comes, since the order of sealing is the order of sending, and sent as
 * fast as its link takes it.
 */
export class Outbox {
  readonly #link: GattLink;
  readonly #seal: (plaintext: Uint8Array) => Uint8Array | undefined;
  readonly #more: () => Uint8Array | undefined;
  readonly #waiting: Waiting[] = [];
  #fragments: readonly Uint8Array[] = [];
  /** When the first of what waits began to wait for the link; undefined while nothing does. */
  stalledSinceUs: number | undefined;

  /** `more` is what to send while nothing waits: a piece of bulk, so that it never stands in the way of an answer. */
  constructor(
    link: GattLink,
    seal: (plaintext: Uint8Array) => Uint8Array | undefined,
    more: () => Uint8Array | undefined,
  ) {
    this.#link = link;
    this.#seal = seal;
    this.#more = more;
  }

  /** For a phone that has no session yet: the one message that opens it. */
  welcome(message: Uint8Array, nowUs: number): void {
    this.clear();
    this.#fragments = fragments('welcome', message, this.#link.maxBytes);
    this.pump(nowUs);
  }

  push(plaintext: Uint8Array, mayBeLost: boolean, nowUs: number): void {
    if (this.#waiting.length >= MAX_WAITING) {
      const oldest = this.#waiting.findIndex((each) => each.mayBeLost);
      if (oldest >= 0) this.#waiting.splice(oldest, 1);
    }
    this.#waiting.push({ plaintext, mayBeLost });
    this.pump(nowUs);
  }

  pump(nowUs: number): void {
    for (;;) {
      const [fragment] = this.#fragments;
      if (fragment === undefined) {
        const sealed = this.#sealNext();
        if (sealed === undefined) break;
        this.#fragments = fragments('sealed', sealed, this.#link.maxBytes);
      } else if (this.#link.send(fragment)) {
        this.#fragments = this.#fragments.slice(1);
        this.stalledSinceUs = undefined;
      } else {
        this.stalledSinceUs ??= nowUs;
        return;
      }
    }
    this.stalledSinceUs = undefined;
  }

  clear(): void {
    this.#waiting.length = 0;
    this.#fragments = [];
    this.stalledSinceUs = undefined;
  }

  #sealNext(): Uint8Array | undefined {
    const next = this.#waiting.shift()?.plaintext ?? this.#more();
    return next && this.#seal(next);
  }
}
