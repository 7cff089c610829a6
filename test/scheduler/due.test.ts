import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Schedule, ScheduleRecord, Trigger } from '../../src/domain/index.js';
import { nextDue, untilMs, type Due, type Now } from '../../src/scheduler/due.js';
import { recordOf, schedule } from './support-scheduler.js';

const HOUR = 3_600_000;
const NOON = Date.UTC(2026, 5, 1, 12);
const now = (wallMs = NOON): Now => ({ wallMs, monotonicMs: 5000 });
const HOURLY: Trigger = { kind: 'cron', expression: '0 * * * *', zone: 'UTC' };
const EVERY: Trigger = { kind: 'every', everyMs: HOUR };
const ONCE: Trigger = { kind: 'at', time: '2026-06-01T15:00Z' };

function due(
  trigger: Trigger,
  at = now(),
  kept: Partial<ScheduleRecord> = {},
  made: Partial<Schedule> = {},
): Due {
  return nextDue(recordOf(schedule(trigger, made), kept), at, 0.5);
}

/** Until then, in hours. */
function hours(trigger: Trigger, at = now(), kept: Partial<ScheduleRecord> = {}): number | string {
  const found = due(trigger, at, kept);
  return found.kind === 'due' ? untilMs(found, at) / HOUR : found.kind;
}

describe('the next start of a cron expression', () => {
  it('is its next time behind the last one', () => {
    assert.equal(hours(HOURLY), 1);
    assert.equal(hours(HOURLY, now(NOON + HOUR / 2), { lastDueMs: NOON }), 0.5);
  });

  it('lies in the past when it was missed', () => {
    assert.equal(hours(HOURLY, now(), { lastDueMs: NOON - 5 * HOUR }), -4);
    assert.equal(hours(HOURLY, now(NOON + 3 * HOUR)), -2, 'never seen to since it was made');
  });

  it('is put off by a share of its jitter', () => {
    const found = due(HOURLY, now(), {}, { jitterMs: HOUR });
    assert.deepEqual(found, { kind: 'due', clock: 'wall', atMs: NOON + 1.5 * HOUR, baseMs: NOON + HOUR });
  });

  it('waits for a clock that shows a time before there was this program', () => {
    assert.equal(hours(HOURLY, now(0)), 'waits-for-clock');
    assert.equal(hours(ONCE, now(Date.UTC(2024, 11, 31))), 'waits-for-clock');
  });

  it('does not believe what was noted under such a clock', () => {
    assert.equal(hours(HOURLY, now(), { createdAtMs: 1000 }), 1);
    assert.equal(hours(HOURLY, now(), { lastDueMs: 1000 }), 1);
  });

  it('does not come again when the clock is set back a little', () => {
    assert.equal(hours(HOURLY, now(NOON - 60_000), { lastDueMs: NOON }), 1 + 1 / 60);
  });

  it('does not wait for years for a clock that was far ahead', () => {
    assert.equal(hours(HOURLY, now(), { lastDueMs: Date.UTC(2035, 0, 1) }), 1);
    assert.equal(hours(HOURLY, now(), { createdAtMs: Date.UTC(2035, 0, 1) }), 1);
  });
});

describe('the next start of an interval', () => {
  it('is a whole interval behind the last, by the monotonic clock', () => {
    assert.equal(hours(EVERY), 1);
    assert.equal(hours(EVERY, now(NOON + HOUR / 4)), 0.75);
    assert.equal(hours(EVERY, now(NOON + HOUR / 4), { lastDueMs: NOON + HOUR / 4 - 1 }), 1 - 1 / HOUR);
    assert.equal(due(EVERY).kind === 'due' && (due(EVERY) as { clock: string }).clock, 'monotonic');
  });

  it('lies in the past when it was missed', () => {
    assert.equal(hours(EVERY, now(NOON + 5 * HOUR)), -4);
  });

  it('needs no clock that is set', () => {
    assert.equal(hours(EVERY, now(0)), 1);
    assert.equal(hours(EVERY, now(60_000), { createdAtMs: 0 }), 1);
    assert.equal(hours(EVERY, now(), { createdAtMs: 0 }), 1);
  });

  it('begins anew when the clock was set back in between', () => {
    assert.equal(hours(EVERY, now(NOON - HOUR)), 1);
  });
});

describe('a single start', () => {
  it('comes once, whatever the clock does', () => {
    assert.equal(hours(ONCE), 3);
    const done = { lastDueMs: Date.UTC(2026, 5, 1, 15) };
    assert.equal(hours(ONCE, now(), done), 'never');
    assert.equal(hours(ONCE, now(Date.UTC(2025, 5, 1)), done), 'never');
  });

  it('lies in the past when it was missed', () => {
    assert.equal(hours(ONCE, now(NOON + 4 * HOUR)), -1);
  });
});

describe('what is kept running', () => {
  it('is due at once, by whatever clock', () => {
    assert.equal(hours({ kind: 'kept' }, now(0)), 0);
  });
});
