import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { atEvents } from '../../src/air/pace.js';
import type { Pace } from '../../src/air/pace.js';

describe('connection events', () => {
  let nowMs: number;
  let carried: (readonly [atMs: number, packets: number])[];

  /** Time goes on with the timers, which fire when they are due, or `lateMs` later. */
  const pass = (ms: number, lateMs = 0): void => {
    for (let i = 0; i < ms; i++) {
      nowMs += 1;
      if (i >= lateMs) mock.timers.tick(1);
    }
    mock.timers.tick(Math.min(ms, lateMs));
  };
  const start = (intervalMs: number, packetsPerEvent: number, busyLinks = 1): Pace =>
    atEvents(
      { intervalMs, packetsPerEvent },
      () => nowMs,
    )((budget) => carried.push([nowMs, budget(busyLinks)]));

  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] });
    nowMs = 5000;
    carried = [];
  });
  afterEach(() => mock.timers.reset());

  it('come at whole intervals after the connection, and only where something waits', () => {
    const pace = start(30, 4);
    pass(100);
    pace.request();
    pace.request();
    pass(19);
    assert.deepEqual(carried, []);
    pass(200);
    assert.deepEqual(carried, [[5120, 4]]);
    pace.request();
    pass(100);
    assert.deepEqual(carried, [
      [5120, 4],
      [5330, 4],
    ]);
  });

  it('keep their times however late each one is, and at intervals that are no whole milliseconds', () => {
    const pace = start(11.25, 1);
    for (let i = 0; i < 8; i++) {
      pace.request();
      pass(12);
    }
    const times = carried.map(([at]) => at);
    assert.deepEqual(times, [5012, 5023, 5034, 5045, 5057, 5068, 5079, 5090]);
  });

  it('are made up for by the controller where the process came too late for them', () => {
    const pace = start(30, 4);
    pace.request();
    pass(95, 90);
    assert.equal(carried.length, 1);
    assert.equal(carried[0]?.[1], 12, 'three events');
  });

  it('share the time of a controller between the connections that have something to carry', () => {
    const packets = (busyLinks: number): number => {
      carried = [];
      start(30, 4, busyLinks).request();
      pass(30);
      return carried[0]?.[1] ?? NaN;
    };
    // Twelve packets of 2.5 ms fit.
    assert.deepEqual([1, 2, 3, 4, 8, 20].map(packets), [4, 4, 4, 3, 1, 1]);
  });

  it('end with their connection', () => {
    const pace = start(30, 4);
    pace.request();
    pace.stop();
    pass(100);
    assert.deepEqual(carried, []);
  });
});
