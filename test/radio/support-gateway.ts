import { BTHOME_OBJECT } from '@perigee/gatt';
import type { GattLink, GattListener, GattService, Radio } from '../../src/domain/index.js';
import { buildAdvertisement, buildServices, createRadio, metricAddress } from '../../src/radio/index.js';
import type { BlenoDriver, RadioOptions } from '../../src/radio/index.js';
import type { Sighting } from '../../src/nearby/index.js';
import { SILENT } from '../support/loggers.js';
import { TappedAir } from './support-raw-phone.js';

export const IDENTITY = {
  manufacturer: 'Perigee',
  model: 'Perigee gateway',
  firmware: '0.1.0',
  serial: '0123456789abcdef',
};

export const TIME = { year: 2026, month: 11, day: 27, hours: 23, minutes: 59, seconds: 5, weekday: 5 };

/** Longer than any MTU. */
export const CATALOGUE = Buffer.alloc(400, 0xa5);
export const INFO = Buffer.alloc(300, 0x5a);

/** A characteristic that only these tests have: its answer comes when they say so. */
export const SLOW_SERVICE = 'f10800a09fc54cb9b731b8b91bcbc4df';
export const SLOW_CHARACTERISTIC = 'f10800a19fc54cb9b731b8b91bcbc4df';

/** A conversation that only these tests have. */
export const TALK_SERVICE = 'f10800b09fc54cb9b731b8b91bcbc4df';
export const TALK_WRITTEN = 'f10800b19fc54cb9b731b8b91bcbc4df';
export const TALK_NOTIFIED = 'f10800b29fc54cb9b731b8b91bcbc4df';

/** One phone's part of it, as the gateway sees it. */
export interface Talk {
  readonly link: GattLink;
  readonly heard: Buffer[];
  /** What the next write is answered with. */
  answer: number;
  /** Calls of `ready`. */
  readies: number;
  ended: boolean;
}

export interface TestGateway extends AsyncDisposable {
  readonly air: TappedAir;
  readonly radio: Radio;
  /** Starts the radio again, with the same services. */
  restart(): Promise<void>;
  /** Degrees. */
  setTemperature(value: number | undefined): void;
  notifyTemperature(): void;
  /** Answers the slow reads that wait. */
  answerSlowReads(): void;
  readonly slowReads: number;
  /** In the order in which they began. */
  readonly talks: readonly Talk[];
}

/** A gateway with three metrics on an air of its own, started. */
export async function startGateway(
  driver: BlenoDriver,
  more: Pick<RadioOptions, 'airSocket' | 'nowMs' | 'vigilMs'> = {},
): Promise<TestGateway> {
  const air = new TappedAir();
  const name = 'Perigee under test';
  const radio = createRadio({ mode: 'virtual', driver, air, name, logger: SILENT, ...more });
  let temperature: number | undefined = 48.2;
  let waiting: (() => void)[] = [];
  const slow = (): Promise<Uint8Array> =>
    new Promise((resolve) => waiting.push(() => resolve(Buffer.from('late'))));
  const services = buildServices({
    featured: [
      { label: 'CPU temperature', unit: 'celsius', read: () => temperature },
      { label: 'Memory available', unit: 'bytes', read: () => 3_123_456_000 },
      { label: 'Boot time', unit: 'milliseconds', read: () => undefined },
    ],
    identity: IDENTITY,
    info: () => INFO,
    stream: { now: () => ({ sequence: 1, unixSeconds: undefined }), catalogue: CATALOGUE },
    time: () => TIME,
  });
  const slowService = {
    uuid: SLOW_SERVICE,
    characteristics: [
      { uuid: SLOW_CHARACTERISTIC, properties: ['read'] as const, descriptors: [], read: slow },
    ],
  };
  const talks: Talk[] = [];
  const begin = (link: GattLink): GattListener => {
    const talk: Talk = { link, heard: [], answer: 0, readies: 0, ended: false };
    talks.push(talk);
    return {
      receive: (value) => (talk.heard.push(Buffer.from(value)), talk.answer),
      ready: () => (talk.readies += 1),
      ended: () => (talk.ended = true),
    };
  };
  const talkService: GattService = {
    ...{ uuid: TALK_SERVICE, characteristics: [] },
    conversation: { written: TALK_WRITTEN, notified: TALK_NOTIFIED, begin },
  };
  const values = [
    { id: BTHOME_OBJECT.packetId, value: 1 },
    { id: 0x02, value: temperature },
    { id: BTHOME_OBJECT.running, value: true },
    { id: BTHOME_OBJECT.runs, value: 3 },
  ];
  const start = (): Promise<void> =>
    radio.start([...services, slowService, talkService], buildAdvertisement('Perigee', values));
  await start();
  return {
    air,
    radio,
    restart: start,
    setTemperature: (value) => {
      temperature = value;
    },
    notifyTemperature: () => radio.notify(...metricAddress(0)),
    answerSlowReads: () => {
      for (const answer of waiting) answer();
      waiting = [];
    },
    talks,
    get slowReads() {
      return waiting.length;
    },
    [Symbol.asyncDispose]: () => radio[Symbol.asyncDispose](),
  };
}

/** What a device said to everyone, by name. */
export function saidOf({ bthome }: Sighting): Readonly<Record<string, number | boolean | string>> {
  const readings = bthome === undefined || bthome.kind === 'sealed' ? [] : bthome.readings;
  return Object.fromEntries(readings.map(({ name, value }) => [name, value]));
}
