import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { GATT_SERVICES, METRICS_SERVICE, encodeLive } from '@perigee/gatt';
import { perigee } from '@perigee/proto';
import { Air } from '../../src/air/index.js';
import type { GattService } from '../../src/domain/index.js';
import { openPhone, type MetricReading, type Phone } from '../../src/nearby/index.js';
import {
  addressesOf,
  buildServices,
  createRadio,
  LIVE_ADDRESS,
  type FeaturedMetric,
} from '../../src/radio/index.js';
import { IDENTITY } from '../radio/support-gateway.js';
import { SILENT } from '../support/loggers.js';

const values = { temperature: 21.5 as number | undefined, humidity: 50.55, pressure: 100_883 };
const featured: readonly FeaturedMetric[] = [
  { label: 'CPU busy', unit: 'percent', read: () => 12 },
  { label: 'Room', unit: 'celsius', read: () => values.temperature },
  { label: 'Humidity', unit: 'percent', quantity: 'humidity', read: () => values.humidity },
  { label: 'Air', unit: 'pascals', read: () => values.pressure },
  { label: 'CPU temperature', unit: 'celsius', read: () => 60 },
];

let sequence = 0;
const metrics = featured.map(({ label, unit }, id) => ({ id, label, unit }));
const catalogue = perigee.v1.PublicCatalogue.encode({ metrics }).finish();
const services = buildServices({
  ...{ featured, identity: IDENTITY, info: () => new Uint8Array(), time: () => undefined },
  stream: { now: () => ({ sequence, unixSeconds: undefined }), catalogue },
});
const environment = services.find(({ uuid }) => uuid === GATT_SERVICES.environment.uuid);

/** A radio of its own with these services, that says who it is to nobody. */
async function served(
  air: Air,
  given: readonly GattService[],
): Promise<AsyncDisposable & { notify: (at: readonly [string, string]) => void; address: string }> {
  const radio = createRadio({ mode: 'virtual', driver: 'stoprocent', air, name: 'Sensor', logger: SILENT });
  await radio.start(given, { data: Uint8Array.of(2, 1, 6), scanResponse: new Uint8Array() });
  return {
    address: radio.address ?? '',
    notify: (at) => radio.notify(...at),
    [Symbol.asyncDispose]: () => radio[Symbol.asyncDispose](),
  };
}

describe('a phone at a device that is no gateway', () => {
  const air = new Air();
  let phone: Phone;
  before(async () => {
    phone = await openPhone({ air });
  });
  after(() => phone[Symbol.asyncDispose]());

  it('finds it by its address, and reads Environmental Sensing by the standard descriptors', async () => {
    assert.ok(environment !== undefined);
    await using sensor = await served(air, [environment]);
    await assert.rejects(phone.find({ durationMs: 200 }), { message: 'No gateway is in reach' });
    await using connection = await phone.connect(await phone.find({ address: sensor.address }));
    const read = (await connection.readMetrics()).map(({ name, unit, value }) => [name, value, unit]);
    assert.deepEqual(read, [
      ['Room', 21.5, '°C'],
      ['Humidity', 50.55, '%'],
      ['Air', 100_883, 'Pa'],
    ]);
    assert.equal(await connection.serves(METRICS_SERVICE), false);
  });

  it('knows the assigned characteristics of those that describe nothing', async () => {
    const bare = (environment?.characteristics ?? []).map((each) => ({ ...each, descriptors: [] }));
    const battery = {
      uuid: '2a19',
      properties: ['read'] as const,
      descriptors: [],
      read: () => Uint8Array.of(97),
    };
    const other = { ...battery, uuid: '2a00' };
    await using sensor = await served(air, [
      { uuid: '181a', characteristics: bare },
      { uuid: '180f', characteristics: [battery, other] },
    ]);
    await using connection = await phone.connect(await phone.find({ address: sensor.address }));
    const read = (await connection.readMetrics()).map(({ name, unit, value }) => `${name} ${value} ${unit}`);
    assert.deepEqual(read, [
      ...['Temperature 21.5 °C', 'Humidity 50.55 %', 'Pressure 100883 Pa', 'Battery level 97 %'],
    ]);
  });

  it('says what to do when it is not there', async () => {
    const absent = phone.find({ address: '00:00:00:00:00:09', durationMs: 100 });
    await assert.rejects(absent, { code: 'radio-unavailable', message: '00:00:00:00:00:09 is not in reach' });
  });
});

describe('Environmental Sensing', () => {
  it('has the first metric of each kind, and is told when that changes', () => {
    const addresses = featured.map((_, index) => addressesOf(featured, index).length);
    assert.deepEqual(addresses, [1, 2, 2, 2, 1]);
    assert.equal(environment?.characteristics.length, 3);
  });

  it('says that a temperature is not known as the format has it', async () => {
    values.temperature = undefined;
    const bytes = await environment?.characteristics[0]?.read();
    assert.deepEqual(bytes, Uint8Array.of(0x00, 0x80));
    values.temperature = 21.5;
  });

  it('is not there where nothing of its kinds is featured', () => {
    const none = buildServices({
      ...{ featured: featured.slice(0, 1), identity: IDENTITY, time: () => undefined },
      info: () => new Uint8Array(),
    });
    assert.equal(
      none.some(({ uuid }) => uuid === GATT_SERVICES.environment.uuid),
      false,
    );
  });
});

describe('the live stream', () => {
  it('shows all metrics over one subscription, first as they are, then what is new', async () => {
    const air = new Air();
    await using gateway = await served(air, services);
    await using phone = await openPhone({ air });
    await using connection = await phone.connect(await phone.find({ address: gateway.address }));
    const heard: MetricReading[] = [];
    const live = connection.live();
    while (heard.length < featured.length) heard.push((await live.next()).value as MetricReading);
    assert.deepEqual(
      heard.map(({ name, unit, value }) => `${name} ${value} ${unit}`),
      ['CPU busy 12 %', 'Room 21.5 °C', 'Humidity 50.55 %', 'Air 100883 Pa', 'CPU temperature 60 °C'],
    );
    let told: MetricReading | undefined;
    const next = live.next().then(({ value }) => (told = value as MetricReading));
    // What is said before the subscription stands is for nobody.
    for (let tries = 0; tries < 200 && told === undefined; tries += 1) {
      values.temperature = 22 + tries / 100;
      sequence += 1;
      gateway.notify(LIVE_ADDRESS);
      await sleep(20);
    }
    const { name, value } = await next;
    assert.equal(name, 'Room');
    assert.ok(value !== undefined && value >= 22 && value < 24);
    values.temperature = 21.5;
  });

  it('fits an attribute with as many metrics as there can be', () => {
    const all = Array.from({ length: 16 }, (_, id) => ({ id, value: id }));
    assert.equal(encodeLive({ sequence: 0, unixSeconds: 0, values: all }).length, 88);
  });
});
