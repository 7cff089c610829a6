import type { Radio } from '../domain/index.js';

export interface BleRadio extends Radio {
  /** Phones at once: 8 with @stoprocent/bleno, 1 with @abandonware/bleno, which is silent while one is connected. */
  readonly maxCentrals: number;
}

/** The device that a radio runs on, for as long as it runs. */
export interface DeviceLease extends AsyncDisposable {
  readonly device: number;
}
