import type { RadioState } from '../domain/index.js';
import type { BleRadio } from './ble-radio.js';

/** The radio of a gateway that is told to have none. */
export class NoRadio implements BleRadio {
  readonly driver = 'none';
  readonly maxCentrals = 0;
  readonly state: RadioState = { kind: 'off' };

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
