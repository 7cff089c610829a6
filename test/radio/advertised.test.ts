import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeAdvertisement, MAX_ADVERTISEMENT_BYTES, objectName, type BthomeEntry } from '@perigee/gatt';
import { AdvertisedValues, type FeaturedMetric } from '../../src/radio/index.js';

const metric = (
  unit: FeaturedMetric['unit'],
  value: number | undefined,
  quantity?: FeaturedMetric['quantity'],
): FeaturedMetric => ({ label: '', unit, read: () => value, quantity });

const OWN = { problem: false, runs: 2 };
/** Beside what the gateway says of itself. */
function said(featured: readonly FeaturedMetric[], isSealed = false): readonly string[] {
  const entries = new AdvertisedValues(featured, isSealed).entries(OWN, 0);
  return entries.slice(isSealed ? 3 : 4).map(({ id, value }) => `${objectName(id)} ${value}`);
}

describe('what is advertised', () => {
  it('is first what the gateway says of itself; the encrypted form needs no packet id', () => {
    const own = (isSealed: boolean): readonly BthomeEntry[] =>
      new AdvertisedValues([], isSealed).entries(OWN, 7);
    const rest = [
      { id: 0x26, value: false },
      { id: 0x27, value: true },
      { id: 0x3d, value: 2 },
    ];
    assert.deepEqual(own(false), [{ id: 0x00, value: 7 }, ...rest]);
    assert.deepEqual(own(true), rest);
    assert.deepEqual(
      new AdvertisedValues([], true).entries({ problem: true, runs: 0 }, 0).map(({ value }) => value),
      [true, false, 0],
    );
  });

  it('is then every metric whose unit says what it is, or that was said to be something, in BTHome’s units', () => {
    const featured = [
      metric('bytes', 1e9),
      metric('celsius', 48.2),
      metric('percent', 12),
      metric('percent', 50.5, 'humidity'),
      metric('pascals', 100_883),
    ];
    assert.deepEqual(said(featured), ['temperature 48.2', 'humidity 50.5', 'pressure 1008.83']);
    assert.deepEqual(said([metric('milliseconds', 1500, 'duration')]), ['duration 1.5']);
    assert.deepEqual(said([metric('none', 415, 'co2')]), ['co2 415']);
  });

  it('is in the order of the list for as long as there is room, and then what still fits', () => {
    const featured = [
      metric('watts', 1),
      metric('pascals', 100_000),
      metric('lux', 10),
      metric('celsius', 20),
      metric('percent', 90, 'battery'),
    ];
    // 14 bytes are left beside our own, of which three take four each.
    assert.deepEqual(said(featured), ['power 1', 'pressure 1000', 'illuminance 10', 'battery 90']);
    // And 8 in the encrypted form.
    assert.deepEqual(said(featured, true), ['power 1', 'pressure 1000']);
    const packet = encodeAdvertisement(new AdvertisedValues(featured, false).entries(OWN, 0));
    assert.ok(packet.length <= MAX_ADVERTISEMENT_BYTES);
  });

  it('is both of two temperatures or none, since receivers tell them apart by their places', () => {
    assert.deepEqual(said([metric('celsius', 1), metric('percent', 2, 'humidity'), metric('celsius', 3)]), [
      ...['temperature 1', 'temperature 3', 'humidity 2'],
    ]);
    assert.deepEqual(said([metric('celsius', undefined), metric('celsius', 3)]), []);
  });

  it('is a count that was featured instead of how many guests run', () => {
    const entries = new AdvertisedValues([metric('count', 1234, 'count')], false).entries(OWN, 0);
    assert.deepEqual(
      entries.map(({ id }) => id),
      [0x00, 0x26, 0x27, 0x3e],
    );
  });
});
