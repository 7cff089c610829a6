import { MAX_PLAINTEXT_BYTES, fragments } from '@perigee/gatt';
import { assert } from '../domain/index.js';
import type { GattLink } from '../domain/index.js';

/** Messages that may wait for one phone: of notices the oldest give way, and who leaves so many answers asks for no more. */
const MAX_WAITING = 32;
/** The longest connection interval: a link that is there takes a packet in each. */
const PACKET_US = 4e6;

/** Of a message that may be lost, nobody asks what became of it. */
export type Delivery =
  { readonly mayBeLost: true } | { readonly mayBeLost: false; readonly left?: () => void };

interface Waiting {
  readonly plaintext: Uint8Array;
  readonly delivery: Delivery;
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
  /** Called when the last of the fragments has left. */
  #left: (() => void) | undefined;
  /**
   * Since when the link has been behind, undefined while nothing waits for it. Each packet makes up for one interval and
   * no more, so that one packet now and then does not keep a link that takes hardly anything.
   */
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

  /** False where too much waits already, and none of it may be lost: nothing is queued then. */
  push(plaintext: Uint8Array, delivery: Delivery, nowUs: number): boolean {
    assert(plaintext.length <= MAX_PLAINTEXT_BYTES, 'a message fits a frame');
    if (this.#waiting.length >= MAX_WAITING) {
      const oldest = this.#waiting.findIndex((each) => each.delivery.mayBeLost);
      if (oldest < 0) return delivery.mayBeLost;
      this.#waiting.splice(oldest, 1);
    }
    this.#waiting.push({ plaintext, delivery });
    this.pump(nowUs);
    return true;
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
        if (this.stalledSinceUs !== undefined)
          this.stalledSinceUs = Math.min(nowUs, this.stalledSinceUs + PACKET_US);
        if (this.#fragments.length === 0) this.#hasLeft();
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
    this.#left = undefined;
    this.stalledSinceUs = undefined;
  }

  #hasLeft(): void {
    const left = this.#left;
    this.#left = undefined;
    left?.();
  }

  #sealNext(): Uint8Array | undefined {
    const next = this.#waiting.shift();
    this.#left = next?.delivery.mayBeLost === false ? next.delivery.left : undefined;
    const plaintext = next?.plaintext ?? this.#more();
    return plaintext && this.#seal(plaintext);
  }
}
