import { assert } from './errors.js';

/** So many a second on average, and `burst` at once after a silence. Full at first; time is given, microseconds. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  #left: number;
  #lastUs: number | undefined;

  constructor(perSecond: number, burst: number) {
    assert(perSecond > 0 && burst >= 1, 'a bucket lets something through');
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#left = burst;
  }

  /** Takes all of `count` or nothing, and says which. */
  take(count: number, nowUs: number): boolean {
    this.#refill(nowUs);
    if (count > this.#left) return false;
    this.#left -= count;
    return true;
  }

  /** Not even one would be taken now. */
  isSpent(nowUs: number): boolean {
    this.#refill(nowUs);
    return this.#left < 1;
  }

  /** A clock that stands still or goes back refills nothing. */
  #refill(nowUs: number): void {
    const lastUs = this.#lastUs ?? nowUs;
    this.#lastUs = Math.max(nowUs, lastUs);
    this.#left = Math.min(this.#burst, this.#left + (Math.max(0, nowUs - lastUs) * this.#perSecond) / 1e6);
  }
}
