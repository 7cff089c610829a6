import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  busyPercent,
  parseLoadavg,
  parseMeminfo,
  parseStat,
  parseTemperature,
} from '../../src/sensors/index.js';
import { isDue, nextDue } from '../../src/sensors/due.js';
import { MEMINFO, STAT } from './support-trees.js';

describe('/proc/meminfo', () => {
  it('gives total and available memory in bytes', () => {
    assert.deepEqual(parseMeminfo(MEMINFO), {
      memory_total: 3_884_356 * 1024,
      memory_available: 3_254_104 * 1024,
    });
  });

  it('of a kernel without MemAvailable gives the total alone', () => {
    assert.deepEqual(parseMeminfo(MEMINFO.replace(/MemAvailable.*\n/, '')), {
      memory_total: 3_884_356 * 1024,
    });
  });

  it('that is none gives nothing', () => {
    for (const text of ['', 'MemTotal: kB', 'MemTotal:  -5 kB', 'XMemTotal:  5 kB', 'MemTotal:  5 MB']) {
      assert.deepEqual(parseMeminfo(text), {}, text);
    }
  });
});

describe('/proc/stat', () => {
  it('counts waiting for a disk as idle, and the time of guests once', () => {
    assert.deepEqual(parseStat(STAT), { busy: 400 + 20 + 180 + 60 + 40, total: 9000 });
  });

  it('of two readings gives the share of the processors that was busy in between', () => {
    assert.equal(busyPercent({ busy: 700, total: 9000 }, { busy: 750, total: 9200 }), 25);
    assert.equal(busyPercent({ busy: 0, total: 0 }, { busy: 100, total: 100 }), 100);
  });

  it('says nothing of two readings with no tick in between, or with counters that went back', () => {
    assert.equal(busyPercent({ busy: 1, total: 10 }, { busy: 1, total: 10 }), undefined);
    assert.equal(busyPercent({ busy: 5, total: 10 }, { busy: 1, total: 8 }), undefined);
  });

  it('stays on the scale when the kernel takes waiting time back', () => {
    assert.equal(busyPercent({ busy: 10, total: 100 }, { busy: 14, total: 102 }), 100);
    assert.equal(busyPercent({ busy: 10, total: 100 }, { busy: 8, total: 104 }), 0);
  });

  it('that is none gives nothing', () => {
    for (const text of ['', 'cpu', 'cpu  1 2 3', 'cpu0 1 2 3 4 5 6 7 8', 'intr 1 2 3 4 5 6 7 8']) {
      assert.equal(parseStat(text), undefined, text);
    }
  });
});

describe('/proc/loadavg', () => {
  it('gives the load of the last minute', () => {
    assert.equal(parseLoadavg('0.20 0.18 0.12 1/80 11206\n'), 0.2);
    assert.equal(parseLoadavg('128.00 1.0 1.0 1/80 1\n'), 128);
  });

  it('that is none gives nothing', () => {
    for (const text of ['', '1', '-1.00 0.1 0.1', 'x 0.1']) assert.equal(parseLoadavg(text), undefined, text);
  });
});

describe('a temperature file', () => {
  it('is in millidegrees, also below zero', () => {
    assert.equal(parseTemperature('48199\n'), 48.199);
    assert.equal(parseTemperature('-5500\n'), -5.5);
  });

  it('of a thermometer that is broken, switched off or empty gives nothing', () => {
    for (const text of ['-273150\n', '-60001', '200001', '', '\n', 'N/A', '48.2', '0x10']) {
      assert.equal(parseTemperature(text), undefined, text);
    }
  });
});

/** The ticks that a listener gets, of ticks at these times. */
function ticksFor(rateHz: number, tickHz: number, tickTimes: readonly number[]): readonly number[] {
  let dueUs = -Infinity;
  return tickTimes.filter((tickUs) => {
    const due = isDue(dueUs, tickUs, 1e6 / tickHz);
    if (due) dueUs = nextDue(dueUs, tickUs, 1e6 / rateHz);
    return due;
  });
}

describe('a listener that is slower than the ticks', () => {
  const tenHz = Array.from({ length: 71 }, (_, index) => 5_000_000 + index * 100_000);

  it('gets every n-th', () => {
    assert.deepEqual(ticksFor(10, 10, tenHz), tenHz);
    assert.deepEqual(
      ticksFor(2.5, 10, tenHz),
      tenHz.filter((_, index) => index % 4 === 0),
    );
  });

  it('gets its mean rate where that is no whole share', () => {
    assert.equal(ticksFor(3, 10, tenHz).length, 7 * 3 + 1);
    assert.equal(ticksFor(7, 10, tenHz).length, 7 * 7 + 1);
  });

  it('does not catch up after a stall', () => {
    const stalled = [0, 100_000, 5_000_000, 5_100_000, 5_200_000, 5_300_000];
    assert.deepEqual(ticksFor(5, 10, stalled), [0, 5_000_000, 5_200_000]);
  });
});
