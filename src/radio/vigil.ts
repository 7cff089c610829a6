import type { Logger } from '../domain/index.js';
import type { Hci } from './bleno-types.js';
import { AT_REST, watch } from './watchdog.js';
import type { Wanted, Watch, WatchAct, WatchEvent } from './watchdog.js';

/** A controller that hangs or has stopped to advertise is noticed within three times this; each costs one HCI command. */
export const VIGIL_MS = 5_000;

interface Watched {
  readonly hci: Hci;
  readonly everyMs: number;
  /** False once the kernel lists the adapter no more: one whose socket nobody reads or writes says nothing itself. */
  readonly present: () => boolean;
  readonly wanted: () => Wanted;
  readonly failed: (cause: Error) => void;
  readonly mended: () => void;
  readonly logger: Logger;
}

/** Keeps watch over a controller that advertises, until it is disposed of or the controller has failed. */
export class Vigil implements Disposable {
  readonly #watched: Watched;
  readonly #timer: NodeJS.Timeout;
  #state: Watch = AT_REST;

  constructor(watched: Watched) {
    this.#watched = watched;
    const { everyMs, hci, wanted } = watched;
    hci.on('leAdvertisingParametersSet', (status: number) =>
      this.#step({ kind: 'parameters', status, wanted: wanted() }),
    );
    hci.on('leAdvertiseEnableSet', (status: number) =>
      this.#step({ kind: 'enabled', status, wanted: wanted() }),
    );
    for (const name of ['leConnComplete', 'disconnComplete'])
      hci.on(name, () => this.#step({ kind: 'phones' }));
    this.#timer = setInterval(() => this.#tick(), everyMs);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    if (this.#watched.present()) this.#step({ kind: 'tick' });
    else this.#fail(Object.assign(new Error('it is gone'), { code: 'ENODEV' }));
  }

  #step(event: WatchEvent): void {
    const [state, act] = watch(this.#state, event);
    this.#state = state;
    if (act !== undefined) this.#do(act);
  }

  #do(act: WatchAct): void {
    const { hci, logger, mended } = this.#watched;
    switch (act.kind) {
      case 'ask':
        hci.setAdvertisingParameters();
        break;
      case 'enable':
        hci.setAdvertiseEnable(true);
        break;
      case 'mended':
        mended();
        break;
      case 'untold':
        logger.info({}, 'the controller does not tell whether it advertises, and is told to again and again');
        break;
      case 'silent':
        this.#fail(noAnswer());
        break;
      case 'refused':
        this.#fail(refusal(act.status));
        break;
    }
  }

  #fail(cause: Error): void {
    this[Symbol.dispose]();
    this.#watched.failed(cause);
  }
}

export function noAnswer(): Error {
  return Object.assign(new Error('it does not answer'), { code: 'ETIMEDOUT' });
}

/** `status` is an error code of the Core specification (vol 2, part D). */
export function refusal(status: number): Error {
  return new Error(`it refuses to advertise (status 0x${status.toString(16).padStart(2, '0')})`);
}
