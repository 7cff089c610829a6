import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BthomeData, BthomeReading } from '@perigee/gatt';
import { Beacons, createSensorHub, sensorUnit } from '../../src/sensors/index.js';
import type { SensorReading } from '../../src/sensors/index.js';
import { listening } from '../support/loggers.js';
import { CLOCK } from './support-trees.js';

const ADDRESS = '54:48:e6:8f:80:a5';
const MINUTE_US = 60e6;
const temperature = (value: number): BthomeReading => ({ id: 2, name: 'temperature', value, unit: '°C' });
const plain = (...readings: readonly BthomeReading[]): BthomeData => ({
  kind: 'plain',
  triggered: false,
  readings,
});
const opened = (counter: number, ...readings: readonly BthomeReading[]): BthomeData => ({
  ...{ kind: 'opened', triggered: false, readings, counter },
});

const told = (beacons: Beacons, nowUs: number): string | undefined =>
  beacons.status(nowUs)[0]?.trouble?.reason;

describe('the beacons of the configuration', () => {
  it('have values in the units of metrics, of the first of each kind', () => {
    const beacons = new Beacons([{ name: 'porch', address: ADDRESS.toUpperCase() }]);
    const pressure = { id: 4, name: 'pressure', value: 1008.83, unit: 'hPa' };
    beacons.hear(ADDRESS, plain(temperature(21.5), temperature(30), pressure), 0);
    assert.equal(beacons.read('beacon/porch/temperature', 1), 21.5);
    assert.equal(beacons.read('beacon/porch/pressure', 1), 100_883);
    assert.equal(beacons.read('beacon/porch/humidity', 1), undefined);
    assert.equal(beacons.read('beacon/cellar/temperature', 1), undefined);
    assert.deepEqual(
      (['beacon/a/temperature', 'beacon/a/pressure', 'beacon/a/humidity'] as const).map(sensorUnit),
      ['celsius', 'pascals', 'percent'],
    );
  });

  it('have no value any more once nothing was heard for ten minutes', () => {
    const beacons = new Beacons([{ name: 'porch', address: ADDRESS }]);
    beacons.hear(ADDRESS, plain(temperature(1)), 0);
    assert.equal(beacons.read('beacon/porch/temperature', 10 * MINUTE_US), 1);
    assert.equal(beacons.read('beacon/porch/temperature', 10 * MINUTE_US + 1), undefined);
  });

  it('are no others, however many are in the air', () => {
    const beacons = new Beacons([{ name: 'porch', address: ADDRESS }]);
    for (let i = 0; i < 10_000; i++) {
      const address = `02:00:00:00:${(i >> 8).toString(16).padStart(2, '0')}:${(i & 255).toString(16).padStart(2, '0')}`;
      beacons.hear(address, plain(temperature(i)), i);
    }
    assert.deepEqual(told(beacons, 20_000), 'not heard yet');
  });

  it('with a key are believed once for each counter, and in nothing that is not sealed', () => {
    const beacons = new Beacons([{ name: 'porch', address: ADDRESS, key: '00'.repeat(16) }]);
    beacons.hear(ADDRESS, plain(temperature(99)), 0);
    assert.equal(told(beacons, 0), 'heard, but not sealed, and it has a key');
    beacons.hear(ADDRESS, { kind: 'sealed', triggered: false }, 0);
    assert.equal(told(beacons, 0), 'heard, but sealed with another key');
    beacons.hear(ADDRESS, opened(7, temperature(1)), 1);
    for (const counter of [7, 6, 0]) beacons.hear(ADDRESS, opened(counter, temperature(2)), 2);
    assert.equal(beacons.read('beacon/porch/temperature', 3), 1);
    assert.equal(
      beacons.read('beacon/porch/temperature', 10 * MINUTE_US + 2),
      undefined,
      'a replay keeps nothing alive',
    );
    beacons.hear(ADDRESS, opened(8, temperature(3)), 4);
    assert.equal(beacons.read('beacon/porch/temperature', 5), 3);
  });

  it('without a key are not believed in what claims to be sealed', () => {
    const beacons = new Beacons([{ name: 'porch', address: ADDRESS }]);
    beacons.hear(ADDRESS, opened(1, temperature(1)), 0);
    assert.equal(told(beacons, 1), 'heard, but sealed, and its key is not known');
  });

  it('that say a packet again, by its number, say nothing new', () => {
    const beacons = new Beacons([{ name: 'porch', address: ADDRESS }]);
    const packet = (id: number, value: number): BthomeData =>
      plain({ id: 0, name: 'packet id', value: id, unit: '' }, temperature(value));
    beacons.hear(ADDRESS, packet(255, 1), 0);
    beacons.hear(ADDRESS, packet(255, 1), 9 * MINUTE_US);
    assert.equal(beacons.read('beacon/porch/temperature', 11 * MINUTE_US), undefined);
    assert.match(told(beacons, 11 * MINUTE_US) ?? '', /^heard, but it says nothing new/);
    beacons.hear(ADDRESS, packet(0, 2), 12 * MINUTE_US);
    assert.equal(beacons.read('beacon/porch/temperature', 12 * MINUTE_US), 2);
  });

  it('are told of with what an image would get, its age, or why there is nothing', () => {
    const beacons = new Beacons([{ name: 'porch', address: ADDRESS }]);
    beacons.hear(ADDRESS, plain(temperature(21.5)), 0);
    beacons.hear(ADDRESS, { kind: 'sealed', triggered: false }, MINUTE_US);
    assert.deepEqual(beacons.status(2 * MINUTE_US), [
      {
        ...{ name: 'porch', address: ADDRESS, silentSeconds: 120 },
        values: [{ quantity: 'temperature', value: 21.5, unit: 'celsius' }],
      },
    ]);
    assert.equal(told(beacons, 30 * MINUTE_US), 'not heard any more');
    beacons.hear(ADDRESS, plain({ id: 0x1a, name: 'door', value: true, unit: '' }), 31 * MINUTE_US);
    assert.equal(told(beacons, 31 * MINUTE_US), 'heard, but it says nothing that an image can be granted');
  });

  it('are read by the hub for whoever was granted them', async () => {
    const beacons = new Beacons([{ name: 'porch', address: ADDRESS }]);
    beacons.hear(ADDRESS, plain(temperature(21.5)), CLOCK.monotonicUs());
    const hub = createSensorHub({ clock: CLOCK, logger: listening().logger, beacons });
    const sensors = ['beacon/porch/temperature', 'beacon/porch/humidity'] as const;
    let listener: Disposable | undefined;
    const reading = await new Promise<SensorReading>((resolve) => {
      listener = hub.subscribe({ sensors, rateHz: 50 }, resolve);
    });
    listener?.[Symbol.dispose]();
    assert.deepEqual(reading.values, [{ sensor: 'beacon/porch/temperature', value: 21.5 }]);
  });
});
