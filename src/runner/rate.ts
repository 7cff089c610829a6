/** A token bucket: so many a second on average, and `burst` at once. Time is given, so that it can be tested. */
export class Rate {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #lastUs: number | undefined;

  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst;
  }

  /** Whether one more is allowed now. */
  take(nowUs: number): boolean {
    const elapsedUs = Math.max(0, nowUs - (this.#lastUs ?? nowUs));
    this.#lastUs = nowUs;
    this.#tokens = Math.min(this.#burst, this.#tokens + (elapsedUs * this.#perSecond) / 1e6);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
