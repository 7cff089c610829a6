import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { boardTime } from '../../src/gateway/board-time.js';

describe("the board's time", () => {
  const moment = { us: 5e6, wallMs: 0 };
  const clock = { monotonicUs: () => moment.us, wallMs: () => moment.wallMs };
  const time = boardTime(clock);

  it('is not known before the clock was set', () => {
    moment.wallMs = Date.UTC(1970, 0, 2);
    assert.equal(time.now(), undefined);
  });

  it('is that of the zone in which the board is, with Sunday as the seventh day', () => {
    moment.wallMs = new Date(2026, 10, 29, 13, 5, 9).getTime();
    const parts = { year: 2026, month: 11, day: 29, hours: 13, minutes: 5, seconds: 9, weekday: 7 };
    assert.deepEqual(time.now(), parts);
    moment.wallMs = new Date(2026, 10, 30, 0, 0, 0).getTime();
    assert.equal(time.now()?.weekday, 1);
  });

  it('was set when it jumped, either way, and not when it went on', () => {
    time.wasSet();
    moment.us += 60e6;
    moment.wallMs += 60_500;
    assert.equal(time.wasSet(), false);
    moment.wallMs += 3000;
    assert.deepEqual([time.wasSet(), time.wasSet()], [true, false]);
    moment.wallMs -= 86_400_000;
    assert.equal(time.wasSet(), true);
  });
});
