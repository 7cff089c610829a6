import assert from 'node:assert/strict';
import type { Schedule, ScheduleRecord } from '../../src/domain/index.js';
import { recordOf, runId, schedule } from '../scheduler/support-scheduler.js';
import type { WithStore } from './journal-contract.js';

const named = (name: string, changes: Partial<Schedule> = {}): ScheduleRecord =>
  recordOf(schedule({ kind: 'every', everyMs: 60_000 }, { name, ...changes }));

/** What every store does with schedules. */
export function scheduleContract(withStore: WithStore): void {
  withStore('has no schedules at first', async ({ schedules }) => {
    assert.deepEqual(await schedules.list(), []);
  });

  withStore('gives back every field of a schedule, whatever starts it', async ({ schedules }) => {
    const cron = { kind: 'cron', expression: '0 6 * * *', zone: 'Europe/Berlin' } as const;
    const full: ScheduleRecord = {
      schedule: schedule(cron, {
        ...{ name: 'a', args: 'ü=1', jitterMs: 5, missed: 'run-once', overlap: 'queue', priority: -9 },
        ...{ restart: 'on-failure', timeLimitMs: 7 },
      }),
      ...{ createdAtMs: 1, paused: true, lastDueMs: 2, crashLoop: { failures: 5, withinMs: 600_000 } },
      last: { run: runId('a'), text: 'crashed: "panic"', endedAtMs: 3 },
    };
    const once = recordOf(schedule({ kind: 'at', time: '2026-12-01T06:00' }, { name: 'b' }));
    const kept = recordOf(schedule({ kind: 'kept' }, { name: 'd' }), { paused: true });
    for (const record of [full, once, named('c'), kept]) await schedules.put(record);
    assert.deepEqual(await schedules.list(), [full, once, named('c'), kept]);
  });

  withStore('lists schedules by name, each as it was put last', async ({ schedules }) => {
    for (const name of ['b', 'ab', 'a', 'b-2']) await schedules.put(named(name));
    await schedules.put(named('a', { priority: 2 }));
    const found = await schedules.list();
    assert.deepEqual(
      found.map(({ schedule: { name, priority } }) => `${name} ${priority}`),
      ['a 2', 'ab 0', 'b 0', 'b-2 0'],
    );
  });

  withStore('removes a schedule, and minds none that is not there', async ({ schedules }) => {
    await schedules.put(named('a'));
    await schedules.put(named('ab'));
    await schedules.remove('a');
    await schedules.remove('a');
    assert.deepEqual(await schedules.list(), [named('ab')]);
  });
}
