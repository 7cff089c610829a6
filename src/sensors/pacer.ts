import type { Clock } from '../domain/index.js';

/** setTimeout turns anything longer into 1 ms. */
const TIMEOUT_MAX_MS = 2 ** 31 - 1;
const US_PER_MS = 1000;

/** Ticks at a period that can change. Ticks do not drift, and those that a stalled process missed are not made up. */
export class Pacer {
  readonly #clock: Clock;
  readonly #onTick: (dueUs: number) => void;
  #timer: NodeJS.Timeout | undefined;
  #periodUs = 0;
  #dueUs = -Infinity;

  constructor(clock: Clock, onTick: (dueUs: number) => void) {
    this.#clock = clock;
    this.#onTick = onTick;
  }

  /** The next tick comes one such period after the last one; at once when that has passed, or when none was yet. */
  setPeriod(periodUs: number): void {
    const lastUs = this.#timer === undefined ? -Infinity : this.#dueUs - this.#periodUs;
    this.#periodUs = periodUs;
    this.#dueUs = Math.max(this.#clock.monotonicUs(), lastUs + periodUs);
    this.#arm();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const waitUs = Math.min(this.#dueUs - this.#clock.monotonicUs(), this.#periodUs);
    this.#timer = setTimeout(() => this.#tick(), Math.min(waitUs / US_PER_MS, TIMEOUT_MAX_MS));
  }

  #tick(): void {
    const dueUs = this.#dueUs;
    this.#dueUs = Math.max(dueUs + this.#periodUs, this.#clock.monotonicUs());
    // Armed first, so that a listener that leaves during the tick can stop the next one.
    this.#arm();
    this.#onTick(dueUs);
  }
}
