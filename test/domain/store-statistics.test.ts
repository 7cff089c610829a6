import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { forecastOf, type StoreStatistics } from '../../src/domain/index.js';

const NOTHING = { blocks: 0, points: 0, bytes: 0, seconds: 0 };
const MIB = 1024 * 1024;
const DAY = 86_400;

const FILES = { tableBytes: 100 * MIB, logBytes: 0, headLogBytes: 2 * MIB, reserveBytes: 8 * MIB };
const IDLE = { seconds: 0, samples: 0, givenBytes: 0, sortedBytes: 0, headBytes: 0 };
const NEVER_MEASURED = { raw: NOTHING, minutes: NOTHING, hours: NOTHING };
/** Two MiB a day. */
const MEASURED = {
  raw: { blocks: 288, points: 1_000_000, bytes: MIB, seconds: DAY },
  minutes: { blocks: 12, points: 9000, bytes: MIB / 2, seconds: DAY / 2 },
  hours: NOTHING,
};

function of(changes: Partial<StoreStatistics>): StoreStatistics {
  return {
    ...{ measured: NEVER_MEASURED, kinds: [], files: FILES, limits: { keepDays: {} }, written: IDLE },
    disk: { totalBytes: 32e9, freeBytes: 10_000 * MIB },
    ...changes,
  };
}

describe('the forecast of a store', () => {
  it('adds the growth of all resolutions, and divides it among samples', () => {
    const { growthBytesPerDay, daysToFull, bytesPerSample } = forecastOf(of({ measured: MEASURED }));
    assert.equal(growthBytesPerDay, 2 * MIB);
    assert.equal(daysToFull, 5000);
    assert.equal(bytesPerSample, (2 * MIB) / 1_000_000);
  });

  it('ends where the oldest makes room, if that comes before the disk is full', () => {
    const keepDays = { raw: 30, minutes: 400, hours: 3650 };
    const end = (limits: StoreStatistics['limits'], freeBytes = 10_000 * MIB) => {
      const disk = { totalBytes: 32e9, freeBytes };
      const { daysToFull, growsToBytes } = forecastOf(of({ measured: MEASURED, limits, disk }));
      return [daysToFull, growsToBytes];
    };
    assert.deepEqual(end({ keepDays }), [undefined, (430 + 10) * MIB]);
    assert.deepEqual(end({ keepDays, maxBytes: 200 * MIB }), [undefined, 200 * MIB]);
    assert.deepEqual(end({ keepDays, maxBytes: 50 * MIB }), [undefined, 110 * MIB]);
    assert.deepEqual(end({ keepDays: { raw: 30 }, maxBytes: 9000 * MIB }, 100 * MIB), [50, undefined]);
  });

  it('knows nothing of a store that has no block yet', () => {
    const { card, ...rest } = forecastOf(of({}));
    assert.deepEqual(rest, {});
    assert.equal(card.cardBytes, 32e9);
  });

  it('counts what each byte given has cost in files, and takes the kernel’s word for the card', () => {
    const written = {
      ...{ seconds: DAY, samples: 1, givenBytes: MIB, sortedBytes: 2 * MIB, headBytes: MIB },
      deviceBytes: 100e6,
    };
    const forecast = forecastOf(of({ written }), { ratedCycles: 1000, amplification: 1 });
    assert.equal(forecast.writeAmplification, 4);
    assert.equal(forecast.writtenBytesPerDay, 100e6);
    assert.equal(forecast.wearPercentPerYear, ((100e6 * 365.25) / 32e12) * 100);
  });

  it('makes no rate of less than an hour', () => {
    const written = { seconds: 3599, samples: 1, givenBytes: 1, sortedBytes: 0, headBytes: 1 };
    const forecast = forecastOf(of({ written }));
    assert.deepEqual([forecast.writeAmplification, forecast.writtenBytesPerDay], [2, undefined]);
  });
});
