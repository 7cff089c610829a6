import { MAX_BTHOME_COUNTER } from '@perigee/gatt';
import type { Config } from '../config/index.js';
import { reasonOf, type Advertisement, type Clock, type Logger } from '../domain/index.js';
import { bthomeCounterFile, ReservedCounter } from '../platform/index.js';
import { AdvertisedValues, buildAdvertisement, type FeaturedMetric, type OwnState } from '../radio/index.js';

/** Before there were gateways. Since then fewer than one packet a second has gone out of any. */
const COUNTING_SINCE_MS = Date.UTC(2026, 0, 1);
/** A clock that is farther ahead is wrong, and takes no more than half of the numbers. */
const MOST_FLOOR = 2 ** 31;

interface AdvertisingParts {
  readonly config: Config;
  /** Which of its backups the store comes from; 0 for none. */
  readonly restoredEpoch: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What a gateway advertises: its values for everyone, or sealed for whoever has the key, or none. */
export class Advertising implements AsyncDisposable {
  readonly #parts: AdvertisingParts;
  readonly #values: AdvertisedValues;
  readonly #own: () => OwnState;
  readonly #key: Uint8Array | undefined;
  readonly #opening: Promise<void>;
  #counter: ReservedCounter | undefined;
  #packets = 0;
  #told = '';

  constructor(parts: AdvertisingParts, featured: readonly FeaturedMetric[], own: () => OwnState) {
    const { bthomeKey } = parts.config.radio;
    this.#parts = parts;
    this.#own = own;
    this.#key = bthomeKey === undefined ? undefined : new Uint8Array(Buffer.from(bthomeKey, 'hex'));
    this.#values = new AdvertisedValues(featured, this.#key !== undefined);
    this.#opening = this.#key === undefined ? Promise.resolve() : this.#open();
  }

  /** Now, over the adapter of this address; without one, nothing can be sealed. */
  next(address: string | undefined): Advertisement {
    const { name, radio } = this.#parts.config;
    const entries = (): ReturnType<AdvertisedValues['entries']> =>
      this.#values.entries(this.#own(), this.#packets++);
    if (this.#key === undefined) return buildAdvertisement(name, radio.public ? entries() : undefined);
    if (address === undefined) return buildAdvertisement(name);
    const counter = this.#counter?.take();
    if (counter === undefined) {
      if (this.#counter !== undefined)
        this.#tell('values are not advertised: nothing is left to count them with');
      return buildAdvertisement(name);
    }
    return buildAdvertisement(name, entries(), { key: this.#key, address, counter });
  }

  /** When what can be advertised from the beginning is more than the first packet had: it is sealed for an address. */
  async ready(address: string | undefined): Promise<boolean> {
    if (this.#key === undefined) return false;
    await this.#opening;
    if (address === undefined)
      this.#tell(
        'values are not advertised: the adapter does not tell its address, with which they are sealed',
      );
    return address !== undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opening;
    await this.#counter?.[Symbol.asyncDispose]();
  }

  async #open(): Promise<void> {
    const { clock, config, logger, restoredEpoch } = this.#parts;
    const seconds = Math.floor((clock.wallMs() - COUNTING_SINCE_MS) / 1000);
    // Whatever copy of a data directory this is, its clock tells that what was given before was less.
    const floor = Math.min(Math.max(seconds, 0), MOST_FLOOR);
    try {
      this.#counter = await ReservedCounter.open(bthomeCounterFile(config.dataDirectory), {
        ...{ most: MAX_BTHOME_COUNTER, restoredEpoch, floor, logger },
      });
    } catch (error) {
      this.#tell(`values are not advertised: ${reasonOf(error)}`);
    }
  }

  #tell(text: string): void {
    if (this.#told !== text) this.#parts.logger.error({}, text);
    this.#told = text;
  }
}
