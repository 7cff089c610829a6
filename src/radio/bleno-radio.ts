import type { Advertisement, GattService, Logger, Radio, RadioFaults, RadioState } from '../domain/index.js';
import { loadBleno } from './bleno-loader.js';
import type { BlenoDriver } from './driver-code.js';
import type { DeviceLease } from './lease.js';
import { Peripheral } from './peripheral.js';
import { step } from './state.js';
import type { RadioEvent } from './state.js';
import type { Explain } from './unavailable.js';

interface BlenoRadioOptions {
  readonly driver: BlenoDriver;
  /** Rejects with `radio-unavailable`. */
  readonly openDevice: () => Promise<DeviceLease>;
  readonly explain: Explain;
  /** What `driver` says. */
  readonly label: string;
  readonly maxCentrals: number;
  readonly vigilMs: number;
  readonly nowMs: () => number;
  /** GAP's Device Name. */
  readonly name: string;
  readonly logger: Logger;
}

/** A radio over one of the bleno packages. */
export class BlenoRadio implements Radio {
  readonly driver: string;
  readonly maxCentrals: number;
  readonly #options: BlenoRadioOptions;
  #state: RadioState = { kind: 'off' };
  #lease: DeviceLease | undefined;
  #peripheral: Peripheral | undefined;
  #starting: Promise<void> = Promise.resolve();
  #closing: Promise<void> = Promise.resolve();
  #faults: RadioFaults = { count: 0 };

  constructor(options: BlenoRadioOptions) {
    this.#options = options;
    this.driver = options.label;
    this.maxCentrals = options.maxCentrals;
  }

  get state(): RadioState {
    return this.#state;
  }

  get faults(): RadioFaults {
    return this.#faults;
  }

  get address(): string | undefined {
    return this.#peripheral?.address;
  }

  async start(services: readonly GattService[], advertisement: Advertisement): Promise<void> {
    this.#step({ kind: 'start' });
    const starting = this.#begin(services, advertisement);
    // Only for whoever stops it meanwhile, who has nothing to do with why it failed.
    this.#starting = starting.catch(() => undefined);
    await starting;
  }

  async #begin(services: readonly GattService[], advertisement: Advertisement): Promise<void> {
    try {
      // What a life that ended with the loss of the adapter still has open.
      await this.#close();
      await this.#open(services, advertisement);
      this.#goOn();
      this.#step({ kind: 'advertising' });
    } catch (cause) {
      const device = this.#lease?.device;
      await this.#close();
      const error = this.#options.explain(cause, device);
      this.#step({ kind: 'lost', reason: error.message, cure: error.cure });
      throw error;
    }
  }

  async #open(services: readonly GattService[], advertisement: Advertisement): Promise<void> {
    const { driver, name, logger, nowMs, openDevice, vigilMs } = this.#options;
    this.#lease = await openDevice();
    this.#goOn();
    const { device, present } = this.#lease;
    const parts = { loaded: loadBleno(driver, device), device, present, logger };
    this.#peripheral = new Peripheral(
      { ...parts, maxCentrals: this.maxCentrals, nowMs, vigilMs },
      {
        connected: () => this.#step({ kind: 'connected' }),
        disconnected: () => this.#step({ kind: 'disconnected' }),
        failed: (cause) => this.#failed(cause, device),
        mended: () => this.#fault('advertising had stopped, and was switched on again'),
      },
    );
    await this.#peripheral.start(name, services, advertisement);
  }

  /** In the middle of its work; one that only starts tells by itself why it does not. */
  #failed(cause: unknown, device: number): void {
    if (this.#state.kind !== 'advertising') return;
    const { message, cure } = this.#options.explain(cause, device);
    this.#fault(message);
    this.#step({ kind: 'lost', reason: message, cure });
    // The kernel numbers an adapter that comes back as it was only where nobody has a socket of its former life.
    void this.#close().catch(() => undefined);
  }

  #fault(latest: string): void {
    this.#faults = { count: this.#faults.count + 1, latest };
    this.#options.logger.warn({ driver: this.driver, faults: this.#faults.count }, `radio: ${latest}`);
  }

  /** Between the steps of a start, so that none is taken after its end. */
  #goOn(): void {
    if (this.#state.kind !== 'starting') throw new Error('it was stopped or lost while it started');
  }

  advertise(advertisement: Advertisement): void {
    if (this.#state.kind === 'advertising') this.#peripheral?.advertise(advertisement);
  }

  notify(serviceUuid: string, characteristicUuid: string): void {
    if (this.#state.kind === 'advertising') this.#peripheral?.notify(serviceUuid, characteristicUuid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#step({ kind: 'stop' });
    await this.#close();
    // A start that was under way finds that it is off, and closes what it has opened since.
    await this.#starting;
  }

  /** After what is being closed already. */
  #close(): Promise<void> {
    const [peripheral, lease] = [this.#peripheral, this.#lease];
    this.#peripheral = undefined;
    this.#lease = undefined;
    const closing = this.#closing.then(async () => {
      peripheral?.close();
      await lease?.[Symbol.asyncDispose]();
    });
    this.#closing = closing.catch(() => undefined);
    return closing;
  }

  #step(event: RadioEvent): void {
    this.#state = step(this.#state, event);
  }
}
