import { advertisedName, METRICS_SERVICE } from '@perigee/gatt';
import type { Air } from '../air/index.js';
import { joinAir, offerDevice } from '../air/index.js';
import { PerigeeError } from '../domain/index.js';
import { GatewayConnection } from './connection.js';
import type { CallOptions } from './connection.js';
import { closeNoble, openNoble } from './noble-loader.js';
import type { Noble, NoblePeripheral } from './noble-types.js';
import { sightingOf } from './sighting.js';
import type { BthomeKeys, Sighting } from './sighting.js';
import { abortReason, within } from './time-limit.js';

/** Advertising every 100 ms is heard in the first second, and every 1.28 s in this time. */
const SCAN_MS = 5_000;
/** A few advertising events, and the exchange that makes a connection. */
const CONNECT_TIMEOUT_MS = 10_000;
/** Devices that a scan tells of; in a crowd the first ones. */
const MAX_SIGHTINGS = 64;

/** Where the phone's radio is: an air of this process, the Unix socket of a gateway's, or a real adapter. */
export type PhoneRadio =
  { readonly air: Air } | { readonly airSocket: string } | { readonly hciDevice: number };

export interface ScanOptions extends CallOptions {
  /** How long, in milliseconds; 5 s if absent. */
  readonly durationMs?: number;
  /** Ends the scan as soon as it is true. */
  readonly until?: (sighting: Sighting) => boolean;
  /** Whom it is for: gateways, if absent; or also every other device that says values. */
  readonly whom?: 'gateways' | 'sensors' | 'everyone';
  /** Of devices that say theirs to some only. */
  readonly keys?: BthomeKeys;
}

/** A phone of software. Rejects with `radio-unavailable` where there is no radio for it. */
export async function openPhone(radio: PhoneRadio): Promise<Phone> {
  const loss = new AbortController();
  const lose = (error: Error): void => loss.abort(lost(error));
  if ('hciDevice' in radio)
    return new Phone(await openNoble(radio.hciDevice, lose), loss.signal, () => undefined);
  const device = offerDevice('air' in radio ? radio.air.attach() : await joinAir(radio.airSocket));
  try {
    return new Phone(await openNoble(device.id, lose), loss.signal, () => device.withdraw());
  } catch (error) {
    device.withdraw();
    throw error;
  }
}

/** The central role: finds gateways and connects to them, one call at a time. */
export class Phone implements AsyncDisposable {
  readonly #noble: Noble;
  readonly #lost: AbortSignal;
  readonly #release: () => void;
  readonly #heard = new Map<string, NoblePeripheral>();
  readonly #connections = new Set<GatewayConnection>();
  #open = true;

  /** `lost` is aborted when the radio goes away. */
  constructor(noble: Noble, lost: AbortSignal, release: () => void) {
    this.#noble = noble;
    this.#lost = lost;
    this.#release = release;
    lost.addEventListener('abort', () => {
      for (const connection of this.#connections) connection.lose();
    });
  }

  /** Nothing is to be had of it any more: it has to be put away, and another one opened. */
  get isLost(): boolean {
    return this.#lost.aborted;
  }

  /** Who is in reach, by address, with the newest that was heard of each. */
  async scan({ durationMs = SCAN_MS, until, whom = 'gateways', keys, ...options }: ScanOptions = {}): Promise<
    readonly Sighting[]
  > {
    const signal = this.#signal(options);
    signal.throwIfAborted();
    const sightings = new Map<string, Sighting>();
    let stop: (() => void) | undefined;
    const heard = (peripheral: NoblePeripheral): void => {
      const sighting = sightingOf(peripheral, keys);
      const isMeant = sighting.isGateway || (whom !== 'gateways' && sighting.bthome !== undefined);
      const isNew = !sightings.has(sighting.address);
      if ((!isMeant && whom !== 'everyone') || (isNew && sightings.size >= MAX_SIGHTINGS)) return;
      sightings.set(sighting.address, sighting);
      this.#heard.set(sighting.address, peripheral);
      if (until?.(sighting) === true) stop?.();
    };
    this.#heard.clear();
    this.#noble.on('discover', heard);
    try {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => stop?.(), durationMs);
        const abort = (): void => stop?.();
        stop = () => {
          clearTimeout(timer);
          signal.removeEventListener('abort', abort);
          if (signal.aborted) reject(abortReason(signal));
          else resolve();
        };
        signal.addEventListener('abort', abort);
        // With duplicates: values change, and a repeated report is how they are heard.
        this.#noble.startScanning(whom === 'gateways' ? [METRICS_SERVICE] : [], true);
      });
    } finally {
      this.#noble.off('discover', heard);
      if (this.#open) this.#noble.stopScanning();
    }
    return [...sightings.values()];
  }

  /** The first gateway that is heard, or the first one of this name; or the device of this address, whoever made it. */
  async find({
    address,
    name,
    ...options
  }: Omit<ScanOptions, 'until' | 'whom'> & {
    readonly name?: string;
    readonly address?: string;
  } = {}): Promise<Sighting> {
    const heard = name === undefined ? undefined : advertisedName(name);
    const wanted = (sighting: Sighting): boolean =>
      address === undefined
        ? sighting.isGateway && (heard === undefined || sighting.name === heard)
        : sighting.address === address;
    const whom = address === undefined ? 'gateways' : 'everyone';
    const found = (await this.scan({ ...options, whom, until: wanted })).find(wanted);
    if (found !== undefined) return found;
    throw new PerigeeError(
      'radio-unavailable',
      address === undefined
        ? `No gateway${name === undefined ? '' : ` "${name}"`} is in reach`
        : `${address} is not in reach`,
      'Go nearer, and look at `perigee doctor` on the gateway: another phone may hold its only connection.',
    );
  }

  /** Connects to a gateway of the last scan. */
  async connect(
    { address }: Pick<Sighting, 'address'>,
    options: CallOptions = {},
  ): Promise<GatewayConnection> {
    const signal = this.#signal(options);
    signal.throwIfAborted();
    const peripheral = this.#heard.get(address);
    if (peripheral === undefined)
      throw new PerigeeError('usage', `No gateway ${address} was heard`, 'Scan first.');
    try {
      await within(CONNECT_TIMEOUT_MS, `a connection to ${address}`, peripheral.connectAsync(), { signal });
    } catch (error) {
      if (this.#open) abandon(peripheral);
      throw error;
    }
    const connection = new GatewayConnection(peripheral);
    this.#connections.add(connection);
    peripheral.once('disconnect', () => this.#connections.delete(connection));
    return connection;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    for (const connection of [...this.#connections]) await connection.disconnect();
    closeNoble(this.#noble);
    this.#release();
  }

  /** Aborted by the caller, or when there is no radio any more. */
  #signal({ signal }: CallOptions): AbortSignal {
    if (!this.#open)
      throw new PerigeeError('radio-unavailable', 'This phone has been put away', 'Open another one.');
    return signal === undefined ? this.#lost : AbortSignal.any([signal, this.#lost]);
  }
}

function lost(cause: Error): PerigeeError {
  return new PerigeeError(
    'radio-unavailable',
    `The phone's radio is gone: ${cause.message}`,
    'Open another phone.',
    { cause },
  );
}

/** The connection may have come about just now. */
function abandon(peripheral: NoblePeripheral): void {
  if (peripheral.state === 'connected') peripheral.disconnect();
  else peripheral.cancelConnect();
}
