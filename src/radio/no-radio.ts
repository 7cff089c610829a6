import type { Radio, RadioFaults, RadioState } from '../domain/index.js';

/** The radio of a gateway that is told to have none. */
export class NoRadio implements Radio {
  readonly driver = 'none';
  readonly maxCentrals = 0;
  readonly state: RadioState = { kind: 'off' };
  readonly faults: RadioFaults = { count: 0 };
  readonly address = undefined;

  start(): Promise<void> {
    return Promise.resolve();
  }

  advertise(): void {
    return;
  }

  notify(): void {
    return;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}
