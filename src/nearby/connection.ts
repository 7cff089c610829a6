import {
  CATALOGUE_CHARACTERISTIC,
  CONTROL_SERVICE,
  CURRENT_TIME,
  CURRENT_TIME_SERVICE,
  decodeCurrentTime,
  DEVICE_INFORMATION,
  DEVICE_INFORMATION_SERVICE,
  INFO_CHARACTERISTIC,
  LIVE_CHARACTERISTIC,
  METRICS_SERVICE,
  MIN_FRAGMENT_BYTES,
  PRESENTATION_FORMAT,
  RX_CHARACTERISTIC,
  TX_CHARACTERISTIC,
  USER_DESCRIPTION,
  utf8Text,
} from '@perigee/gatt';
import type { WallTime } from '@perigee/gatt';
import { PerigeeError } from '../domain/index.js';
import { described, liveReader, reading } from './described.js';
import type { DescribedMetric, MetricReading } from './described.js';
import type { NobleCharacteristic, NoblePeripheral, NobleService } from './noble-types.js';
import { within } from './time-limit.js';
import { notified } from './notified.js';
import type { Source } from './notified.js';
import type { ValueQueue } from './value-queue.js';

/** One exchange with a gateway in reach takes some connection events; ATT itself gives up after 30 s. */
const EXCHANGE_TIMEOUT_MS = 5_000;
const DISCONNECT_TIMEOUT_MS = 2_000;
/** Of a write: opcode and handle. */
const ATT_HEAD_BYTES = 3;

export interface DeviceInformation {
  readonly manufacturer?: string;
  readonly model?: string;
  readonly firmware?: string;
  readonly serial?: string;
}

/** The two characteristics of the control service. */
export interface ControlLink {
  /** Longest fragment. */
  readonly maxBytes: number;
  /** One at a time. */
  readonly write: (fragment: Uint8Array) => Promise<void>;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
}

/** A connection of a phone with a gateway. Every call has a time limit and rejects with `radio-unavailable`. */
export class GatewayConnection implements AsyncDisposable {
  readonly #peripheral: NoblePeripheral;
  readonly #broken: Promise<never>;
  readonly #queues = new Set<ValueQueue<MetricReading>>();
  readonly #onDisconnect: () => void;
  readonly #discovered = new Map<string, Promise<unknown>>();
  #open = true;

  /** For a peripheral that is connected. */
  constructor(peripheral: NoblePeripheral) {
    this.#peripheral = peripheral;
    let fail: (error: Error) => void = () => undefined;
    this.#broken = new Promise((_resolve, reject) => (fail = reject));
    // Whoever waits races with it; when nobody does, a connection that ends is no failure.
    this.#broken.catch(() => undefined);
    this.#onDisconnect = () => {
      this.#open = false;
      for (const queue of this.#queues) queue.end();
      fail(gone());
    };
    peripheral.once('disconnect', this.#onDisconnect);
  }

  /** Only for the phone, when its radio is gone: nobody else will say that the connection is. */
  lose(): void {
    this.#peripheral.off('disconnect', this.#onDisconnect);
    this.#onDisconnect();
  }

  get open(): boolean {
    return this.#open;
  }

  async readDeviceInformation(options: CallOptions = {}): Promise<DeviceInformation> {
    const characteristics = await this.#characteristics(DEVICE_INFORMATION_SERVICE, options);
    const entries = Object.entries(DEVICE_INFORMATION).map(async ([key, uuid]) => {
      const found = characteristics.find((each) => each.uuid === uuid);
      return found === undefined
        ? []
        : [[key, utf8Text(await this.#exchange('a read', () => found.readAsync(), options))]];
    });
    return Object.fromEntries((await Promise.all(entries)).flat()) as DeviceInformation;
  }

  /** The bytes of a perigee.v1.GatewayInfo. */
  async readInfo(options: CallOptions = {}): Promise<Uint8Array> {
    const characteristics = await this.#characteristics(METRICS_SERVICE, options);
    const info = characteristics.find(({ uuid }) => uuid === INFO_CHARACTERISTIC);
    if (info === undefined) throw incomplete();
    return this.#exchange('a read', () => info.readAsync(), options);
  }

  /** What the gateway's clock shows; undefined while it was never set. */
  async readTime(options: CallOptions = {}): Promise<WallTime | undefined> {
    const characteristics = await this.#characteristics(CURRENT_TIME_SERVICE, options);
    const time = characteristics.find(({ uuid }) => uuid === CURRENT_TIME);
    if (time === undefined) throw incomplete();
    return decodeCurrentTime(await this.#exchange('a read', () => time.readAsync(), options));
  }

  /** Whether the device has this service. */
  async serves(service: string, options: CallOptions = {}): Promise<boolean> {
    return (await this.#services(options)).some(({ uuid }) => uuid === service);
  }

  /** Everything that describes itself as a number: in the metrics service, or on a device of others in all of them. */
  async readMetrics(options: CallOptions = {}): Promise<readonly MetricReading[]> {
    const readings: MetricReading[] = [];
    for (const metric of await this.#describedMetrics(options)) {
      if (!metric.characteristic.properties.includes('read')) continue;
      const bytes = await this.#exchange('a read', () => metric.characteristic.readAsync(), options);
      readings.push(reading(metric, bytes));
    }
    return readings;
  }

  /**
   * Values as the gateway notifies of them. Ends with the connection, and rejects on abort. The subscriptions stay
   * until the connection ends.
   */
  async *values(options: CallOptions = {}): AsyncGenerator<MetricReading, void, undefined> {
    const metrics = (await this.#describedMetrics(options)).filter(({ characteristic }) =>
      characteristic.properties.includes('notify'),
    );
    const sources = metrics.map((metric) => ({
      characteristic: metric.characteristic,
      read: (bytes: Uint8Array) => [reading(metric, bytes)],
    }));
    yield* this.#notified(sources, options);
  }

  /** The same over one subscription, with its own units' names; beginning with the values now. Only of a gateway. */
  async *live(options: CallOptions = {}): AsyncGenerator<MetricReading, void, undefined> {
    const characteristics = await this.#characteristics(METRICS_SERVICE, options);
    const [live, catalogue] = [LIVE_CHARACTERISTIC, CATALOGUE_CHARACTERISTIC].map((uuid) =>
      characteristics.find((each) => each.uuid === uuid),
    );
    if (live === undefined || catalogue === undefined) throw notPublic();
    const known = await this.#exchange('a read', () => catalogue.readAsync(), options);
    const read = liveReader(live.uuid, known);
    yield* read(await this.#exchange('a read', () => live.readAsync(), options));
    yield* this.#notified([{ characteristic: live, read }], options);
  }

  #notified(
    sources: readonly Source[],
    options: CallOptions,
  ): AsyncGenerator<MetricReading, void, undefined> {
    const subscribe = (characteristic: NobleCharacteristic): Promise<void> =>
      this.#exchange('a subscription', () => characteristic.subscribeAsync(), options);
    return notified(sources, { queues: this.#queues, subscribe, signal: options.signal });
  }

  /** Subscribes to what the gateway says to this phone alone. Once for a connection. */
  async openControl(heard: (fragment: Uint8Array) => void, options: CallOptions = {}): Promise<ControlLink> {
    const characteristics = await this.#characteristics(CONTROL_SERVICE, options);
    const [rx, tx] = [RX_CHARACTERISTIC, TX_CHARACTERISTIC].map((uuid) =>
      characteristics.find((each) => each.uuid === uuid),
    );
    if (rx === undefined || tx === undefined) throw incomplete();
    tx.on('data', (bytes: Buffer) => heard(new Uint8Array(bytes)));
    await this.#exchange('a subscription', () => tx.subscribeAsync(), options);
    return {
      maxBytes: Math.max(MIN_FRAGMENT_BYTES, (this.#peripheral.mtu ?? 0) - ATT_HEAD_BYTES),
      // Without a response: noble would wait for ever for one that is an error, and the gateway says that on tx too.
      write: (fragment) =>
        this.#exchange('a write', () => rx.writeAsync(Buffer.from(fragment), true), options),
    };
  }

  /** Rejects when the connection has ended. */
  get broken(): Promise<never> {
    return this.#broken;
  }

  /** Resolves when the connection has ended, whoever ended it. */
  async disconnect(): Promise<void> {
    if (!this.#open) return;
    this.#peripheral.disconnect();
    const ended = this.#broken.catch(() => undefined);
    try {
      await within(DISCONNECT_TIMEOUT_MS, 'the end of the connection', ended);
    } finally {
      this.lose();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.disconnect();
  }

  #services(options: CallOptions): Promise<readonly NobleService[]> {
    return this.#once('services', () =>
      this.#exchange('discovery', () => this.#peripheral.discoverServicesAsync([]), options),
    );
  }

  #characteristics(service: string, options: CallOptions): Promise<readonly NobleCharacteristic[]> {
    return this.#once(service, async () => {
      const found = (await this.#services(options)).find(({ uuid }) => uuid === service);
      if (found === undefined) throw incomplete();
      return this.#exchange('discovery', () => found.discoverCharacteristicsAsync([]), options);
    });
  }

  #describedMetrics(options: CallOptions): Promise<readonly DescribedMetric[]> {
    return this.#once('metrics', () => this.#describeMetrics(options));
  }

  /** Discovery is done once: noble makes new objects each time, and the old ones get no notifications any more. */
  #once<T>(key: string, discover: () => Promise<T>): Promise<T> {
    const known = this.#discovered.get(key) as Promise<T> | undefined;
    if (known !== undefined) return known;
    const discovered = discover();
    this.#discovered.set(key, discovered);
    // Whoever asked hears of it; the next one tries again.
    discovered.catch(() => this.#discovered.delete(key));
    return discovered;
  }

  async #describeMetrics(options: CallOptions): Promise<readonly DescribedMetric[]> {
    const services = (await this.#services(options)).map(({ uuid }) => uuid);
    const metrics: DescribedMetric[] = [];
    for (const service of services.includes(METRICS_SERVICE) ? [METRICS_SERVICE] : services) {
      for (const characteristic of await this.#characteristics(service, options)) {
        const metric = await this.#describe(characteristic, options);
        if (metric !== undefined) metrics.push(metric);
      }
    }
    return metrics;
  }

  async #describe(
    characteristic: NobleCharacteristic,
    options: CallOptions,
  ): Promise<DescribedMetric | undefined> {
    const descriptors = await this.#exchange(
      'discovery',
      () => characteristic.discoverDescriptorsAsync(),
      options,
    );
    const value = async (uuid: string): Promise<Uint8Array | undefined> => {
      const descriptor = descriptors.find((each) => each.uuid === uuid);
      return descriptor && this.#exchange('a read', () => descriptor.readValueAsync(), options);
    };
    return described(characteristic, await value(USER_DESCRIPTION), await value(PRESENTATION_FORMAT));
  }

  /** A connection on which ATT got no answer is of no more use (Core specification, vol 3, part F, 3.3.3). */
  async #exchange<T>(what: string, act: () => Promise<T>, { signal }: CallOptions): Promise<T> {
    if (!this.#open) throw gone();
    try {
      return await within(EXCHANGE_TIMEOUT_MS, what, act(), { signal, broken: this.#broken });
    } catch (error) {
      if (signal?.aborted !== true) this.#abandon();
      throw error;
    }
  }

  #abandon(): void {
    if (this.#open) this.#peripheral.disconnect();
  }
}

function gone(): PerigeeError {
  return new PerigeeError('radio-unavailable', 'The connection to the gateway has ended', 'Connect again.');
}

function notPublic(): PerigeeError {
  const cure = 'Enrol with `perigee nearby enrol`, and name the series to watch.';
  return new PerigeeError(
    'access-refused',
    'This gateway shows its values to nobody without a session',
    cure,
  );
}

function incomplete(): PerigeeError {
  const cure = 'Update the gateway, or look whether another device uses its address.';
  return new PerigeeError('radio-unavailable', 'This device does not serve what a gateway serves', cure);
}
