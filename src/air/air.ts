import { assert, PerigeeError } from '../domain/index.js';
import { execute } from './commands.js';
import { Controller } from './controller.js';
import type { Medium } from './controller.js';
import { Link } from './link.js';
import { atEvents, promptly } from './pace.js';
import type { LinkModel, StartPace } from './pace.js';

/** A gateway, its phones in this process and those of other processes; more are a leak. */
const MAX_CONTROLLERS = 32;
/** Locally administered, so that they are nobody's. Little-endian: the first byte is the last of the text. */
const ADDRESS_TAIL = [0x52, 0x45, 0x50, 0x02] as const;
const ADDRESSES = 0x1_0000;

/** A connection interval is told in steps of 1.25 ms. */
const INTERVAL_STEP_MS = 1.25;

interface AirOptions {
  /** What links carry, as those of a real radio; absent for as much as the processor can. */
  readonly link?: LinkModel;
  /** Never goes back. */
  readonly nowMs?: () => number;
}

/**
 * The medium: what one controller advertises, the others that scan hear, and one that initiates may connect to.
 * Advertising costs a timer only while somebody listens.
 */
export class Air implements Medium {
  readonly #controllers = new Set<Controller>();
  readonly #startPace: StartPace;
  readonly #interval: number | undefined;
  #addresses = 0;

  constructor({ link, nowMs = () => performance.now() }: AirOptions = {}) {
    this.#startPace = link === undefined ? promptly : atEvents(link, nowMs);
    this.#interval = link && Math.round(link.intervalMs / INTERVAL_STEP_MS);
  }

  /** A new LE controller on this air. It leaves with its `close`. */
  attach(): Controller {
    if (this.#controllers.size >= MAX_CONTROLLERS) {
      const cure = 'End phones that are no longer used.';
      throw new PerigeeError('radio-unavailable', `The air holds at most ${MAX_CONTROLLERS} radios`, cure);
    }
    const number = this.#addresses++ % ADDRESSES;
    const controller = new Controller(this, execute, Buffer.of(number & 0xff, number >> 8, ...ADDRESS_TAIL));
    this.#controllers.add(controller);
    return controller;
  }

  get size(): number {
    return this.#controllers.size;
  }

  detach(controller: Controller): void {
    this.#controllers.delete(controller);
    this.listenersChanged();
  }

  listenersChanged(): void {
    const listeners = [...this.#controllers].filter((controller) => controller.listening);
    for (const controller of this.#controllers) {
      controller.pace(listeners.some((listener) => listener !== controller));
    }
  }

  advertise(advertiser: Controller): void {
    for (const controller of [...this.#controllers]) {
      // The first who connects ends the event: the others hear the next one.
      if (!advertiser.advertising.enabled) return;
      if (controller !== advertiser) controller.hear(advertiser);
    }
  }

  /** Where links are modelled the interval is theirs, whatever was asked for. */
  intervalFor(asked: number): number {
    return this.#interval ?? asked;
  }

  connect(central: Controller, peripheral: Controller, asked: number): void {
    assert(central !== peripheral, 'a connection has two ends');
    const link = new Link(central, peripheral, this.#startPace);
    peripheral.connected(link, this.intervalFor(asked));
    central.connected(link, this.intervalFor(asked));
    this.listenersChanged();
  }
}
