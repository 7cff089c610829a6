import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EndReason, Schedule, ScheduleRecord, ScheduleStatus, Trigger } from '../../src/domain/index.js';
import { LATE_MS, type Now } from '../../src/scheduler/due.js';
import * as jobs from '../../src/scheduler/job.js';
import type { Job, Step } from '../../src/scheduler/job.js';
import { FAILURES_MAX } from '../../src/scheduler/restart.js';
import { recordOf, runId, schedule } from './support-scheduler.js';

const MINUTE = 60_000;
const NOON = Date.UTC(2026, 5, 1, 12);
const EVERY: Trigger = { kind: 'every', everyMs: 10 * MINUTE };
const CRON: Trigger = { kind: 'cron', expression: '*/10 * * * *', zone: 'UTC' };
const KEPT: Trigger = { kind: 'kept' };
const CRASHED: EndReason = { kind: 'crashed', detail: 'panic' };
const DONE: EndReason = { kind: 'completed' };

/** Minutes behind noon, by both clocks. */
const at = (minutes: number): Now => ({ wallMs: NOON + minutes * MINUTE, monotonicMs: minutes * MINUTE });

function open(trigger: Trigger, changes: Partial<Schedule> = {}, kept: Partial<ScheduleRecord> = {}): Job {
  return jobs.openJob(recordOf(schedule(trigger, changes), kept), at(0), 0);
}

const look = (job: Job, minutes: number): Step => jobs.look(job, at(minutes), 0);
const stateOf = (job: Job, minutes = 0): ScheduleStatus['state'] => jobs.statusOf(job, at(minutes)).state;
const dueIn = (job: Job, minutes: number): number | undefined => {
  const { dueAtMs } = jobs.statusOf(job, at(minutes));
  return dueAtMs === undefined ? undefined : (dueAtMs - at(minutes).wallMs) / MINUTE;
};

/** With its first run going. */
function running(trigger: Trigger, changes: Partial<Schedule> = {}, minutes = 10): Job {
  const { job, start } = look(open(trigger, changes), minutes);
  assert.deepEqual(start, { restart: 0 });
  return jobs.started(job, runId('1'));
}

function end(job: Job, reason: EndReason, minutes: number, lastedMs = 0): Step {
  const ended = { reason, lastedMs, endedAtMs: at(minutes).monotonicMs };
  return jobs.ended(job, runId('1'), ended, at(minutes), 0);
}

for (const trigger of [EVERY, CRON])
  describe(`a schedule (${trigger.kind})`, () => {
    it('starts nothing before its time, and a run at it', () => {
      const job = open(trigger);
      assert.equal(look(job, 9.99).start, undefined);
      assert.deepEqual(look(job, 10).start, { restart: 0 });
    });

    it('starts once for each time, a little late or not, and keeps its beat', () => {
      const late = look(open(trigger), 10.5);
      assert.deepEqual(late.start, { restart: 0 });
      assert.equal(look(late.job, 10.6).start, undefined);
      assert.equal(dueIn(late.job, 10.5), 9.5);
      assert.equal(late.job.record.lastDueMs, at(10).wallMs);
    });

    it('skips what was missed, however much, and goes on in its beat', () => {
      const { job, start } = look(open(trigger, { missed: 'skip' }), 47);
      assert.equal(start, undefined);
      assert.equal(dueIn(job, 47), 3);
    });

    it('makes one run of all that was missed where it is to be caught up', () => {
      const { job, start } = look(open(trigger, { missed: 'run-once' }), 47);
      assert.deepEqual(start, { restart: 0 });
      const next = end(jobs.started(job, runId('1')), DONE, 48);
      assert.equal(look(next.job, 48).start, undefined);
      assert.equal(dueIn(next.job, 48), 2);
    });

    it('lets a start fall out while the run before it goes on, and counts it', () => {
      const { job, start } = look(running(trigger), 20);
      assert.equal(start, undefined);
      assert.equal(jobs.statusOf(job, at(20)).skipped, 1);
      assert.equal(end(job, DONE, 21).start, undefined);
    });

    it('queues one start, and no second, where it is to be queued', () => {
      const waits = look(look(running(trigger, { overlap: 'queue' }), 20).job, 30);
      assert.equal(waits.start, undefined);
      const { job, start } = end(waits.job, DONE, 31);
      assert.deepEqual(start, { restart: 0 });
      assert.equal(end(jobs.started(job, runId('1')), DONE, 32).start, undefined);
    });

    it('starts nothing while it is paused, and misses nothing by it', () => {
      const paused = jobs.pause(open(trigger, { missed: 'run-once' }));
      assert.equal(look(paused, 20).start, undefined);
      assert.deepEqual([stateOf(paused), jobs.restMs(paused, at(20))], [{ kind: 'paused' }, undefined]);
      const resumed = jobs.resume(paused, at(47), 0);
      assert.equal(look(resumed, 47).start, undefined);
      assert.equal(dueIn(resumed, 47), trigger.kind === 'every' ? 10 : 3);
    });

    it('lets the run go on that goes on when it is paused, and starts none behind it', () => {
      const paused = jobs.pause(look(running(trigger, { overlap: 'queue', restart: 'on-failure' }), 20).job);
      assert.equal(paused.phase.kind, 'running');
      assert.deepEqual(stateOf(paused, 20), { kind: 'paused', run: runId('1') });
      const ended = end(paused, CRASHED, 21);
      assert.equal(ended.start, undefined);
      assert.equal(look(ended.job, 40).start, undefined);
    });
  });

describe('a run of a schedule that failed', () => {
  it('is left alone, or started again after a pause, as the schedule says', () => {
    assert.equal(end(running(EVERY), CRASHED, 11).job.phase.kind, 'idle');
    const { job } = end(running(EVERY, { restart: 'on-failure' }), CRASHED, 11);
    assert.deepEqual(stateOf(job), { kind: 'restarting', failures: 1 });
    assert.equal(jobs.restMs(job, at(11)), 1000);
    assert.equal(look(job, 11).start, undefined);
    assert.deepEqual(look(job, 11 + 1 / 60).start, { restart: 1 });
  });

  it('is told with its end', () => {
    const { job } = end(running(EVERY), CRASHED, 11);
    const last = { run: runId('1'), text: 'crashed: panic', endedAtMs: at(11).wallMs };
    assert.deepEqual(jobs.statusOf(job, at(11)).last, last);
  });
});

describe('a crash loop', () => {
  function looped(trigger: Trigger, restart: Schedule['restart']): Job {
    let job = open(trigger, { restart });
    for (let run = 0; run < FAILURES_MAX; run += 1)
      job = end(jobs.started({ ...job, phase: { kind: 'idle' } }, runId('1')), CRASHED, run).job;
    return job;
  }

  for (const trigger of [EVERY, CRON, KEPT])
    it(`stops everything until it is cleared (${trigger.kind})`, () => {
      const job = looped(trigger, 'always');
      assert.deepEqual(stateOf(job), { kind: 'crash-loop', failures: 5, withinMs: 600_000 });
      assert.equal(jobs.restMs(job, at(5)), undefined);
      assert.equal(look(job, 500).start, undefined);
      const cleared = jobs.clear(job, at(500), 0);
      assert.equal(cleared.record.crashLoop, undefined);
      const first = trigger.kind === 'kept' ? 500 : 510;
      assert.equal(look(cleared, first - 0.01).start, undefined);
      assert.deepEqual(look(cleared, first).start, { restart: 0 });
      assert.equal(end(jobs.started(cleared, runId('1')), CRASHED, 501).job.record.crashLoop, undefined);
    });

  it('survives a restart of the gateway, since it is in the record', () => {
    const { record } = looped(EVERY, 'on-failure');
    assert.equal(look(jobs.openJob(record, at(60), 0), 90).start, undefined);
  });

  it('comes also of starts that are not repeated, when they are close enough', () => {
    assert.equal(stateOf(looped(EVERY, 'never')).kind, 'crash-loop');
  });

  it('that is cleared too early is no harm: a pause is cut short, and a run left alone', () => {
    const { job } = end(running(EVERY, { restart: 'on-failure' }), CRASHED, 11);
    assert.deepEqual(look(jobs.clear(job, at(11), 0), 11).start, { restart: 0 });
    const going = running(EVERY);
    assert.deepEqual(jobs.clear(going, at(11), 0).phase, going.phase);
  });
});

describe('an image that is kept running', () => {
  it('is started at once, and again after its end, by the restart policy', () => {
    const job = running(KEPT, { restart: 'always' }, 0);
    assert.equal(look(job, 100).start, undefined);
    const { job: rests } = end(job, DONE, 1);
    assert.deepEqual(look(rests, 2).start, { restart: 1 });
  });

  it('is over when its policy says so, and begins again when it is resumed', () => {
    const { job } = end(running(KEPT, { restart: 'on-failure' }, 0), DONE, 1);
    assert.deepEqual(stateOf(job), { kind: 'over' });
    assert.equal(look(job, 100).start, undefined);
    assert.deepEqual(look(jobs.resume(jobs.pause(job), at(100), 0), 100).start, { restart: 0 });
  });

  it('is not started a second time where a run of it goes on', () => {
    const job = jobs.openJob(recordOf(schedule(KEPT, { restart: 'always' })), at(0), 0, runId('1'));
    assert.deepEqual(stateOf(job), { kind: 'running', run: runId('1') });
    assert.equal(look(job, 1).start, undefined);
    assert.equal(look(jobs.resume(jobs.pause(job), at(1), 0), 2).start, undefined);
    assert.equal(end(job, DONE, 3).job.phase.kind, 'restarting');
  });

  it('rests while it is paused between two runs', () => {
    const paused = jobs.pause(end(running(KEPT, { restart: 'always' }, 0), DONE, 1).job);
    assert.equal(look(paused, 100).start, undefined);
    assert.deepEqual(look(jobs.resume(paused, at(100), 0), 100).start, { restart: 0 });
  });
});

describe('a clock', () => {
  const unset = { wallMs: 1000, monotonicMs: 0 };

  it('that is not set yet keeps the calendar waiting, and then nothing was missed', () => {
    const job = jobs.openJob(recordOf(schedule(CRON, { missed: 'run-once' }), { createdAtMs: 0 }), unset, 0);
    assert.deepEqual(jobs.statusOf(job, unset).state, { kind: 'waits-for-clock' });
    assert.equal(jobs.look(job, unset, 0).job.due.kind, 'waits-for-clock');
    const { job: knows, start } = look(job, 3);
    assert.equal(start, undefined);
    assert.equal(dueIn(knows, 3), 7);
  });

  it('that is set catches up what was missed since the last start that was noted', () => {
    const record = recordOf(schedule(CRON, { missed: 'run-once' }), { lastDueMs: NOON - 30 * MINUTE });
    const { job } = look(jobs.openJob(record, unset, 0), 3);
    assert.deepEqual(look(job, 3).start, { restart: 0 });
  });

  it('that is put forward over a start makes it missed', () => {
    assert.equal(look(open(CRON, { missed: 'skip' }), 10 + LATE_MS / MINUTE + 0.01).start, undefined);
    assert.deepEqual(look(open(CRON, { missed: 'skip' }), 10 + LATE_MS / MINUTE).start, { restart: 0 });
  });

  it('that is set back repeats no start, and brings none forward that is not due', () => {
    const { job } = look(open(CRON), 10);
    const ended = end(jobs.started(job, runId('1')), DONE, 10.1).job;
    const back = jobs.clockSetBack(ended, at(5), 0);
    assert.equal(dueIn(back, 5), 15);
    const far = jobs.clockSetBack(ended, at(-24 * 60), 0);
    assert.equal(dueIn(far, -24 * 60), 10);
  });

  it('has no say in an interval', () => {
    const job = open(EVERY);
    assert.equal(jobs.clockSetBack(job, at(-500), 0), job);
    assert.deepEqual(jobs.look(job, { wallMs: 0, monotonicMs: 10 * MINUTE }, 0).start, { restart: 0 });
  });
});

describe('a start that a guest which is kept ready would serve', () => {
  it('is one that is due, without arguments of its own, while no run goes on', () => {
    assert.equal(jobs.restToServeMs(open(EVERY), at(9)), MINUTE);
    assert.equal(jobs.restToServeMs(open(EVERY, { args: 'a=1' }), at(9)), undefined);
    assert.equal(jobs.restToServeMs(running(EVERY), at(19)), undefined);
    assert.equal(jobs.restToServeMs(jobs.pause(open(EVERY)), at(9)), undefined);
    assert.equal(jobs.restToServeMs(open(KEPT), at(0)), undefined);
  });
});

describe('a job', () => {
  it('never starts a run while one goes on, nor while it is halted, whatever happens to it', () => {
    const events: readonly ((job: Job, now: Now) => Step)[] = [
      (job, now) => jobs.look(job, now, 0),
      (job, now) => jobs.look(job, { ...now, wallMs: now.wallMs + 30 * MINUTE }, 0),
      (job, now) => ({ job: jobs.pause(job), now }) as Step,
      (job, now) => ({ job: jobs.resume(job, now, 0) }),
      (job, now) => ({ job: jobs.clear(job, now, 0) }),
      (job, now) => ({ job: jobs.clockSetBack(job, { ...now, wallMs: now.wallMs - 30 * MINUTE }, 0) }),
      (job, now) => (job.phase.kind === 'running' ? end(job, CRASHED, now.monotonicMs / MINUTE) : { job }),
      (job, now) => (job.phase.kind === 'running' ? end(job, DONE, now.monotonicMs / MINUTE) : { job }),
    ];
    let looked = 0;
    const visit = (job: Job, minutes: number, depth: number): void => {
      for (const event of events) {
        looked += 1;
        const { job: next, start } = event(job, at(minutes));
        if (start) {
          assert.equal(next.phase.kind, 'idle');
          assert.ok(!next.record.paused && !next.record.crashLoop);
        }
        if (depth > 0) visit(start ? jobs.started(next, runId('1')) : next, minutes + 5, depth - 1);
      }
    };
    for (const trigger of [EVERY, CRON, KEPT])
      for (const overlap of ['skip', 'queue'] as const)
        visit(open(trigger, { overlap, restart: 'on-failure', missed: 'run-once' }), 5, 4);
    assert.ok(looked > 200_000);
  });
});
