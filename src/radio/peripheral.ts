import { withoutExitHooks } from '../air/index.js';
import type { Advertisement, GattService, Logger } from '../domain/index.js';
import type { LoadedBleno } from './bleno-loader.js';
import type { Bleno, Hci } from './bleno-types.js';
import { GattServer } from './gatt-server.js';
import { guard } from './guard.js';

/** A controller answers within milliseconds; one that was just plugged in loads its firmware first. */
const START_TIMEOUT_MS = 5_000;
const DEVICE_NAME = '2a00';
const ROLE_PERIPHERAL = 1;
const SUCCESS = 0;

/** What whoever has it is told. */
interface Owner {
  readonly connected: () => void;
  readonly disconnected: () => void;
  readonly failed: (cause: Error) => void;
}

/** One life of a guarded bleno, from its initialisation to its end. */
export class Peripheral {
  readonly #bleno: Bleno;
  readonly #hci: Hci;
  readonly #server: GattServer;
  readonly #logger: Logger;
  readonly #failed: Promise<never>;
  #fail: (error: Error) => void = () => undefined;
  #initialised = false;

  constructor(loaded: LoadedBleno, device: number, logger: Logger, owner: Owner) {
    this.#bleno = loaded.bleno;
    this.#hci = loaded.bleno._bindings._hci;
    this.#server = new GattServer(loaded, logger);
    this.#logger = logger;
    guard(loaded.bleno, device, logger, () => this.#server.room());
    this.#failed = new Promise((_resolve, reject) => (this.#fail = reject));
    this.#hci.once('socketError', this.#fail);
    // Only a start waits for it; afterwards the report below is all there is to do.
    this.#failed.catch(() => undefined);
    this.#listen(owner);
  }

  #listen(owner: Owner): void {
    this.#hci.on('leConnComplete', (_status: number, handle: number, role: number) => {
      if (role !== ROLE_PERIPHERAL) return;
      this.#server.connected(handle);
      owner.connected();
    });
    this.#hci.on('disconnComplete', (handle: number) => {
      if (this.#server.disconnected(handle)) owner.disconnected();
    });
    this.#hci.on('leAdvertiseEnableSet', (status: number) => {
      if (status !== SUCCESS) this.#logger.debug({ status }, 'the controller does not advertise now');
    });
    this.#hci.on('socketError', owner.failed);
  }

  /** Throws what the driver throws. */
  async start(name: string, services: readonly GattService[], advertisement: Advertisement): Promise<void> {
    // The packages say "powered on" whatever the answer to the advertising parameters; the answer itself tells.
    const status = await this.#answer(this.#hci, 'leAdvertisingParametersSet', () => this.#initialise());
    if (status !== SUCCESS) throw new Error(`it refuses to advertise (status ${String(status)})`);
    this.#server.serve(services);
    this.#setName(name);
    const [data, scanResponse] = [bytes(advertisement.data), bytes(advertisement.scanResponse)];
    const error = await this.#answer(this.#bleno._bindings, 'advertisingStart', () =>
      this.#bleno.startAdvertisingWithEIRData(data, scanResponse),
    );
    if (error instanceof Error) throw error;
  }

  /** Only the data: enabling again would let a second phone in where only one is served, and is done after each. */
  advertise(advertisement: Advertisement): void {
    this.#hci.setScanResponseData(bytes(advertisement.scanResponse));
    this.#hci.setAdvertisingData(bytes(advertisement.data));
  }

  notify(serviceUuid: string, characteristicUuid: string): void {
    this.#server.notify(serviceUuid, characteristicUuid);
  }

  /** A start that waits for an answer ends at once. */
  close(): void {
    this.#fail(new Error('it was closed'));
    const socket = this.#hci._socket;
    if (this.#initialised) {
      this.#hci.setAdvertiseEnable(false);
      for (const handle of this.#server.handles) this.#hci.disconnect(handle);
    }
    socket.removeAllListeners();
    // The kernel may still complain about a device that goes down; nobody is left to be told.
    socket.on('error', () => undefined);
    if (this.#initialised) socket.stop();
  }

  /** The first listener for the state is what initialises the packages. */
  #initialise(): void {
    withoutExitHooks(() => this.#bleno.on('stateChange', () => undefined));
    this.#initialised = true;
  }

  /** The first argument of the event that answers `ask`, in time. */
  async #answer(emitter: NodeJS.EventEmitter, event: string, ask: () => void): Promise<unknown> {
    let timer: NodeJS.Timeout | undefined;
    const answered = new Promise((resolve, reject) => {
      emitter.once(event, resolve);
      timer = setTimeout(() => reject(new Error('it does not answer')), START_TIMEOUT_MS);
    });
    try {
      ask();
      return await Promise.race([answered, this.#failed]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** @abandonware takes it from the environment or the host, and @stoprocent from advertising by name. */
  #setName(name: string): void {
    const { _handles: attributes } = this.#bleno._bindings._gatt;
    const declaration = attributes.find(
      (entry) => entry?.type === 'characteristic' && entry.uuid === DEVICE_NAME,
    );
    const value = attributes[declaration?.valueHandle ?? 0];
    if (value !== undefined) value.value = Buffer.from(name);
  }
}

function bytes(data: Uint8Array): Buffer {
  return Buffer.from(data);
}
