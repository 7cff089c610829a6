import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { forecastOf } from '../../src/domain/index.js';

const NOTHING = { blocks: 0, points: 0, bytes: 0, seconds: 0 };
const MIB = 1024 * 1024;
const DAY = 86_400;

const disk = { totalBytes: 32e9, freeBytes: 10_000 * MIB };
const idle = { seconds: 0, samples: 0, givenBytes: 0, sortedBytes: 0, headBytes: 0 };

describe('the forecast of a store', () => {
  it('adds the growth of all resolutions, and divides it among samples', () => {
    const measured = {
      raw: { blocks: 288, points: 1_000_000, bytes: MIB, seconds: DAY },
      minutes: { blocks: 12, points: 9000, bytes: MIB / 2, seconds: DAY / 2 },
      hours: NOTHING,
    };
    const { growthBytesPerDay, daysToFull, bytesPerSample } = forecastOf({ measured, disk, written: idle });
    assert.equal(growthBytesPerDay, 2 * MIB);
    assert.equal(daysToFull, 5000);
    assert.equal(bytesPerSample, (2 * MIB) / 1_000_000);
  });

  it('knows nothing of a store that has no block yet', () => {
    const measured = { raw: NOTHING, minutes: NOTHING, hours: NOTHING };
    const { card, ...rest } = forecastOf({ measured, disk, written: idle });
    assert.deepEqual(rest, {});
    assert.equal(card.cardBytes, 32e9);
  });

  it('counts what each byte given has cost in files, and takes the kernel’s word for the card', () => {
    const measured = { raw: NOTHING, minutes: NOTHING, hours: NOTHING };
    const written = {
      ...{ seconds: DAY, samples: 1, givenBytes: MIB, sortedBytes: 2 * MIB, headBytes: MIB },
      deviceBytes: 100e6,
    };
    const forecast = forecastOf({ measured, disk, written }, { ratedCycles: 1000, amplification: 1 });
    assert.equal(forecast.writeAmplification, 4);
    assert.equal(forecast.writtenBytesPerDay, 100e6);
    assert.equal(forecast.wearPercentPerYear, ((100e6 * 365.25) / 32e12) * 100);
  });

  it('makes no rate of less than an hour', () => {
    const measured = { raw: NOTHING, minutes: NOTHING, hours: NOTHING };
    const written = { seconds: 3599, samples: 1, givenBytes: 1, sortedBytes: 0, headBytes: 1 };
    const forecast = forecastOf({ measured, disk, written });
    assert.deepEqual([forecast.writeAmplification, forecast.writtenBytesPerDay], [2, undefined]);
  });
});
