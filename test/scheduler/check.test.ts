import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Schedule, Trigger } from '../../src/domain/index.js';
import { checkSchedule } from '../../src/scheduler/check.js';
import { nextTime, nextTimes } from '../../src/scheduler/cron.js';
import { failsWith } from '../support/expect.js';
import { schedule } from './support-scheduler.js';

const NOW = Date.UTC(2026, 5, 1, 12);
const cron = (expression: string, zone?: string): Extract<Trigger, { kind: 'cron' }> => ({
  ...{ kind: 'cron', expression },
  ...(zone === undefined ? {} : { zone }),
});
const check = (trigger: Trigger, changes: Partial<Schedule> = {}): void =>
  checkSchedule(schedule(trigger, changes), NOW);
const refused = (trigger: Trigger, text: RegExp, changes: Partial<Schedule> = {}): void =>
  assert.throws(() => check(trigger, changes), failsWith('schedule-invalid', text));

describe('a schedule is refused', () => {
  it('when it never comes', () => {
    refused(cron('0 0 30 2 *'), /"0 0 30 2 \*" never comes/);
    refused(cron('0 0 31 4,6,9,11 *'), /never comes/);
    refused(cron('0 0 0 1 1 * 2025'), /never comes/);
  });

  it('when its only time is over', () => {
    refused({ kind: 'at', time: '2026-06-01T12:00Z' }, /is over/);
  });

  it('when it starts something every second, or more often than a board can bear', () => {
    refused(cron('* * * * * *'), /every 1 s, and 10 s is the least/);
    refused(cron('*/9 * * * * *'), /every 6 s/);
    refused(cron('58,59 59 23 31 12 *', 'UTC'), /every 1 s/);
    refused({ kind: 'every', everyMs: 9999 }, /every 9.999 s/);
  });

  it('when nobody can understand it', () => {
    refused(cron('nonsense'), /"nonsense" is not understood: invalid configuration format/);
    refused(cron('61 * * * *'), /Invalid value for minute: 61/);
    refused(cron('@reboot'), /@reboot is not supported/);
    refused(cron('x'.repeat(101)), /more than 100 characters/);
    refused(cron(''), /not understood/);
    refused({ kind: 'at', time: 'tomorrow' }, /"tomorrow" is no time/);
    refused({ kind: 'at', time: '* * * * *' }, /is no time/);
    for (const time of [
      '2027-02-30T12:00',
      '2027-04-31T00:00:00Z',
      '2027-13-01T00:00',
      '2027-01-01T24:30+01:00',
    ])
      refused({ kind: 'at', time }, /is no time/);
  });

  it('when its zone is none', () => {
    refused(cron('0 6 * * *', 'Mars/Olympus'), /"Mars\/Olympus" is no time zone/);
    refused({ kind: 'at', time: '2027-01-01T00:00', zone: '' }, /is no time zone/);
  });

  it('when its jitter is longer than the time between two starts', () => {
    refused(cron('* * * * *'), /jitter of 61 s is longer than the 60 s/, { jitterMs: 61_000 });
    refused({ kind: 'every', everyMs: 10_000 }, /jitter/, { jitterMs: 10_001 });
  });
});

describe('a schedule is taken', () => {
  it('at the closest, rarely, and once', () => {
    check(cron('*/10 * * * * *'));
    check(cron('0 0 29 2 *'));
    check(cron('@daily'));
    check({ kind: 'every', everyMs: 10_000 }, { jitterMs: 10_000 });
    check({ kind: 'at', time: '2026-06-01T12:01Z' }, { jitterMs: 86_400_000 });
    check({ kind: 'kept' });
  });
});

const iso = (times: readonly number[]): readonly string[] => times.map((ms) => new Date(ms).toISOString());

describe('the calendar', () => {
  it('is that of the zone', () => {
    const dawn = nextTime(cron('0 6 * * *', 'Europe/Berlin'), NOW);
    assert.deepEqual(iso([dawn ?? NaN]), ['2026-06-02T04:00:00.000Z']);
    const once = nextTime({ kind: 'at', time: '2026-12-01T06:00', zone: 'Asia/Tokyo' }, NOW);
    assert.deepEqual(iso([once ?? NaN]), ['2026-11-30T21:00:00.000Z']);
    const offset = nextTime({ kind: 'at', time: '2026-12-01T06:00:00+02:00' }, NOW);
    assert.deepEqual(iso([offset ?? NaN]), ['2026-12-01T04:00:00.000Z']);
  });

  it('starts once what a change of the clocks leaves out or repeats, and keeps the beat of what is more frequent', () => {
    const night = cron('30 2 * * *', 'Europe/Berlin');
    assert.deepEqual(iso(nextTimes(night, Date.UTC(2026, 2, 28, 12), 2)), [
      '2026-03-29T01:00:00.000Z',
      '2026-03-30T00:30:00.000Z',
    ]);
    assert.deepEqual(iso(nextTimes(night, Date.UTC(2026, 9, 24, 12), 2)), [
      '2026-10-25T00:30:00.000Z',
      '2026-10-26T01:30:00.000Z',
    ]);
    const often = nextTimes(cron('*/30 * * * *', 'Europe/Berlin'), Date.UTC(2026, 9, 24, 23), 6);
    assert.deepEqual(
      often.slice(1).map((time, index) => time - (often[index] ?? 0)),
      Array.from({ length: 5 }, () => 1_800_000),
    );
  });
});
