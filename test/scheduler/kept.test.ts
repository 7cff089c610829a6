import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ScheduleRecord } from '../../src/domain/index.js';
import { keptRecords } from '../../src/scheduler/kept.js';
import { recordOf, schedule } from './support-scheduler.js';

const kept = schedule({ kind: 'kept' }, { name: 'hello' });
const namesOf = (stored: readonly ScheduleRecord[]): readonly string[] =>
  keptRecords([kept, { ...kept, name: 'hello-2' }], stored, 0).records.map(
    (record) => `${record.schedule.name}${record.paused ? ' paused' : ''}`,
  );

describe('what is kept running', () => {
  it('is paused where its name and image were, and nothing else of it is stored', () => {
    const pause = recordOf({ ...kept, name: 'hello-2' }, { paused: true, createdAtMs: 5 });
    assert.deepEqual(namesOf([pause]), ['hello', 'hello-2 paused']);
    assert.deepEqual(keptRecords([kept], [pause], 7).forgotten, ['hello-2']);
  });

  it('has a number where a schedule has its name', () => {
    const own = recordOf(schedule({ kind: 'every', everyMs: 60_000 }, { name: 'hello' }), { paused: true });
    assert.deepEqual(namesOf([own]), ['hello-2', 'hello-2-2']);
    assert.deepEqual(keptRecords([kept], [own], 0).forgotten, []);
  });
});
