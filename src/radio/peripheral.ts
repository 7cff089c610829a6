import { isBluetoothAddress } from '@perigee/gatt';
import { assert } from '../domain/index.js';
import type { Advertisement, GattService, Logger } from '../domain/index.js';
import type { LoadedBleno } from './bleno-loader.js';
import type { Bleno, Hci } from './bleno-types.js';
import { GattServer } from './gatt-server.js';
import { guard } from './guard.js';
import { Idlers } from './idlers.js';
import { SendQueue } from './send-queue.js';
import { noAnswer, refusal, Vigil } from './vigil.js';
import type { Wanted } from './watchdog.js';

/** A controller answers within milliseconds; one that was just plugged in loads its firmware first. */
const START_TIMEOUT_MS = 5_000;
const DEVICE_NAME = '2a00';
const NO_ADDRESS = '00:00:00:00:00:00';
const ROLE_PERIPHERAL = 1;
const SUCCESS = 0;
/** Legacy advertising (7.8.7). */
const MAX_ADVERTISEMENT_BYTES = 31;

interface PeripheralParts {
  readonly loaded: LoadedBleno;
  readonly device: number;
  /** Whether the device is still there. */
  readonly present: () => boolean;
  readonly maxCentrals: number;
  readonly vigilMs: number;
  readonly nowMs: () => number;
  readonly logger: Logger;
}

/** What whoever has it is told. */
interface Owner {
  readonly connected: () => void;
  readonly disconnected: () => void;
  readonly failed: (cause: Error) => void;
  /** It had stopped to advertise, and was made to again. */
  readonly mended: () => void;
}

/** One life of a guarded bleno, from its initialisation to its end. */
export class Peripheral {
  readonly #parts: PeripheralParts;
  readonly #owner: Owner;
  readonly #bleno: Bleno;
  readonly #hci: Hci;
  readonly #server: GattServer;
  readonly #idlers: Idlers;
  readonly #failed: Promise<never>;
  #fail: (error: Error) => void = () => undefined;
  #initialised = false;
  #vigil: Vigil | undefined;
  #looking: NodeJS.Timeout | undefined;

  constructor(parts: PeripheralParts, owner: Owner) {
    const { device, loaded, logger } = parts;
    this.#parts = parts;
    this.#owner = owner;
    this.#bleno = loaded.bleno;
    this.#hci = loaded.bleno._bindings._hci;
    const idlers = (this.#idlers = new Idlers(parts.nowMs));
    this.#server = new GattServer(loaded, { idlers, logger, queue: new SendQueue(this.#hci, logger) });
    guard(loaded, device, logger, () => this.#server.room());
    this.#failed = new Promise((_resolve, reject) => (this.#fail = reject));
    this.#hci.once('socketError', this.#fail);
    // Only a start waits for it; afterwards the report below is all there is to do.
    this.#failed.catch(() => undefined);
    this.#listen();
  }

  #listen(): void {
    const owner = this.#owner;
    this.#hci.on('leConnComplete', (_status: number, handle: number, role: number) => {
      if (role !== ROLE_PERIPHERAL) return;
      this.#server.connected(handle);
      owner.connected();
    });
    this.#hci.on('disconnComplete', (handle: number) => {
      if (this.#server.disconnected(handle)) owner.disconnected();
    });
    this.#hci.on('socketError', owner.failed);
  }

  /** Throws what the driver throws. */
  async start(name: string, services: readonly GattService[], advertisement: Advertisement): Promise<void> {
    // The packages say "powered on" whatever the answer to the advertising parameters; the answer itself tells.
    const status = await this.#answer('leAdvertisingParametersSet', () => this.#initialise());
    if (status !== SUCCESS) throw refusal(status);
    this.#server.serve(services);
    this.#setName(name);
    const [data, scanResponse] = [bytes(advertisement.data), bytes(advertisement.scanResponse)];
    // Not what the packages make of it: one of them does not tell of a refusal.
    const enabled = await this.#answer('leAdvertiseEnableSet', () =>
      this.#bleno.startAdvertisingWithEIRData(data, scanResponse),
    );
    if (enabled !== SUCCESS) throw refusal(enabled);
    this.#watch();
  }

  #watch(): void {
    const { logger, present, vigilMs: everyMs } = this.#parts;
    const { failed, mended } = this.#owner;
    const wanted = (): Wanted => this.#wanted();
    this.#vigil = new Vigil({ hci: this.#hci, everyMs, present, wanted, failed, mended, logger });
    this.#looking = setInterval(() => this.#dismiss(), everyMs);
  }

  #dismiss(): void {
    const isKept = (handle: number): boolean => this.#server.isSubscribed(handle);
    for (const handle of this.#idlers.leaving(this.#parts.maxCentrals, isKept)) {
      this.#parts.logger.info({}, 'radio: all places were taken, and a phone that did nothing was let go');
      this.#hci.disconnect(handle);
    }
  }

  #wanted(): Wanted {
    if (this.#server.handles.length === 0) return 'on';
    return this.#parts.maxCentrals === 1 ? 'off' : 'if-room';
  }

  /** Only the data: enabling again would let a second phone in where only one is served, and is done after each. */
  advertise(advertisement: Advertisement): void {
    this.#hci.setScanResponseData(bytes(advertisement.scanResponse));
    this.#hci.setAdvertisingData(bytes(advertisement.data));
  }

  /** Both packages advertise by the public address; a controller without one answers with zeros. */
  get address(): string | undefined {
    const address = this.#hci.address ?? '';
    return isBluetoothAddress(address) && address !== NO_ADDRESS ? address : undefined;
  }

  notify(serviceUuid: string, characteristicUuid: string): void {
    this.#server.notify(serviceUuid, characteristicUuid);
  }

  /** A start that waits for an answer ends at once. */
  close(): void {
    this.#fail(new Error('it was closed'));
    this.#vigil?.[Symbol.dispose]();
    clearInterval(this.#looking);
    if (this.#initialised) {
      this.#hci.setAdvertiseEnable(false);
      for (const handle of this.#server.handles) this.#hci.disconnect(handle);
    }
    this.#parts.loaded.release();
  }

  #initialise(): void {
    this.#parts.loaded.initialise();
    this.#initialised = true;
  }

  /** The status that comes with the event that answers `ask`, in time. */
  async #answer(event: string, ask: () => void): Promise<number> {
    let timer: NodeJS.Timeout | undefined;
    const answered = new Promise<number>((resolve, reject) => {
      this.#hci.once(event, resolve);
      timer = setTimeout(() => reject(noAnswer()), START_TIMEOUT_MS);
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
  assert(data.length <= MAX_ADVERTISEMENT_BYTES, 'an advertisement fits its packet');
  return Buffer.from(data);
}
