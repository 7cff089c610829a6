import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { PerigeeError, parseImageName } from '../../src/domain/index.js';
import type { Trigger } from '../../src/domain/index.js';
import { run as recordOfRun } from '../store/support-store.js';
import { failsWith } from '../support/expect.js';
import { recordOf, schedule } from './support-scheduler.js';
import { World, settled } from './support-world.js';

const MINUTE = 60_000;
const EVERY: Trigger = { kind: 'every', everyMs: 10 * MINUTE };
const CRON: Trigger = { kind: 'cron', expression: '*/10 * * * *', zone: 'UTC' };
const kept = schedule({ kind: 'kept' }, { name: 'hello', restart: 'always' });
const idle = schedule(EVERY, { name: 'idle' });

let world: World;
beforeEach(() => {
  mock.timers.enable({ apis: ['setTimeout'] });
  world = new World();
});
afterEach(() => mock.timers.reset());

describe('the scheduler', () => {
  it('starts what is due with all that its schedule says, and notes how it ended', async () => {
    await using scheduler = await world.open();
    const asked = { name: 'dawn', args: 'a=1', priority: 3, timeLimitMs: 5000 };
    await scheduler.add(schedule(EVERY, asked));
    await world.pass(10 * MINUTE - 1);
    assert.equal(world.runs.requests.length, 0);
    await world.pass(1);
    const request = world.runs.requests.at(0) ?? assert.fail('it was started');
    assert.deepEqual(request, {
      ...{ id: request.id, image: 'hello', args: 'a=1', priority: 3, timeLimitMs: 5000 },
      cause: { kind: 'schedule', name: 'dawn' },
    });
    assert.equal(scheduler.list()[0]?.state.kind, 'running');
    await world.runs.end(request.id);
    assert.equal(scheduler.list()[0]?.last?.text, 'completed');
  });

  it('begins with what is kept running, and starts it again with a count', async () => {
    await using scheduler = await world.open([kept]);
    await settled();
    const first = world.runs.requests[0] ?? assert.fail('it was started');
    assert.deepEqual(first.cause, { kind: 'kept' });
    await world.runs.end(first.id, { kind: 'killed-by-user' });
    assert.equal(scheduler.list()[0]?.state.kind, 'restarting');
    await world.pass(1000);
    assert.deepEqual(world.runs.requests[1]?.cause, { kind: 'kept', restart: 1 });
  });

  it('goes on with runs that were taken over, and starts no second', async () => {
    const mine = recordOfRun('a', 0, { image: parseImageName('hello'), cause: { kind: 'kept' } });
    const dawn = recordOfRun('b', 0, { cause: { kind: 'schedule', name: 'dawn' } });
    const other = recordOfRun('c', 0, { image: parseImageName('hello'), cause: { kind: 'demand' } });
    world.runs.active = [other, mine, dawn];
    await world.store.put(recordOf(schedule(EVERY, { name: 'dawn' })));
    await using scheduler = await world.open([kept]);
    await settled();
    assert.deepEqual(world.runs.requests, []);
    assert.deepEqual(
      scheduler.list().map(({ state }) => state),
      [mine, dawn].map(({ id }) => ({ kind: 'running', run: id })),
    );
    await world.runs.end(mine.id);
    await world.pass(1000);
    assert.equal(world.runs.requests.length, 1);
  });

  it('counts a run that is refused as one that failed, until it stops, says so, and is cleared', async () => {
    world.runs.refusal = new PerigeeError('image-unknown', 'there is no image hello', 'Build it.');
    await using scheduler = await world.open([kept]);
    await world.pass(2 * MINUTE);
    assert.equal(world.runs.requests.length, 5);
    const [status] = scheduler.list();
    assert.equal(status?.state.kind, 'crash-loop');
    assert.equal(status.last?.text, 'could not start: there is no image hello');
    assert.match(world.complaints.at(-1) ?? '', /perigee schedule clear hello/);
    world.runs.refusal = undefined;
    const cleared = await scheduler.change('hello', 'clear');
    assert.equal(cleared.state.kind, 'running');
    assert.equal(world.runs.requests.length, 6);
  });

  it('starts nothing by itself where it is there for one run only', async () => {
    await world.store.put(recordOf(idle));
    await using scheduler = await world.open([], true);
    await world.pass(60 * MINUTE);
    assert.deepEqual(world.runs.requests, []);
    assert.equal(scheduler.list().length, 1);
  });

  it('starts nothing any more when it has ended', async () => {
    const scheduler = await world.open([kept]);
    await settled();
    await scheduler.add(idle);
    await scheduler[Symbol.asyncDispose]();
    await world.runs.end(world.runs.requests[0]?.id);
    await world.pass(60 * MINUTE);
    assert.equal(world.runs.requests.length, 1);
  });
});

describe('a restart of the gateway', () => {
  it('keeps schedules, their pauses and their last runs', async () => {
    {
      await using scheduler = await world.open();
      await scheduler.add(idle);
      await world.pass(10 * MINUTE);
      await world.runs.end(world.runs.requests[0]?.id, { kind: 'exit-code', code: 3 });
      await scheduler.change('idle', 'pause');
    }
    await using again = await world.open();
    const [status] = again.list();
    assert.deepEqual([status?.state.kind, status?.last?.text], ['paused', 'ended with status 3']);
    await again.change('idle', 'remove');
    assert.deepEqual(await world.store.list(), []);
  });

  it('keeps the pause of what is kept running, until it is resumed', async () => {
    {
      await using scheduler = await world.open([kept]);
      await settled();
      await scheduler.change('hello', 'pause');
      await world.runs.end(world.runs.requests[0]?.id);
    }
    {
      await using scheduler = await world.open([kept]);
      await world.pass(MINUTE);
      assert.equal(scheduler.list()[0]?.state.kind, 'paused');
      assert.equal(world.runs.requests.length, 1);
      await scheduler.change('hello', 'resume');
      assert.equal(world.runs.requests.length, 2);
      await world.runs.end(world.runs.requests[1]?.id);
    }
    assert.deepEqual(await world.store.list(), []);
    await using again = await world.open([kept]);
    assert.equal(again.list()[0]?.state.kind, 'running');
  });

  it('forgets the pause of what is not kept running any more, but not where it is there for one run', async () => {
    await world.store.put(recordOf(kept, { paused: true }));
    await (await world.open([], true))[Symbol.asyncDispose]();
    await (await world.open([kept]))[Symbol.asyncDispose]();
    assert.equal((await world.store.list()).length, 1);
    const other = { ...kept, image: parseImageName('hostsense') };
    await using scheduler = await world.open([other]);
    assert.equal(scheduler.list()[0]?.state.kind, 'running');
    assert.deepEqual(await world.store.list(), []);
  });

  it('repeats no start that was seen to', async () => {
    const again = schedule(CRON, { name: 'dawn', missed: 'run-once' });
    {
      await using scheduler = await world.open();
      await scheduler.add(again);
      await world.pass(10 * MINUTE);
      await world.runs.end(world.runs.requests[0]?.id);
    }
    await using later = await world.open();
    await world.pass(9 * MINUTE);
    assert.equal(world.runs.requests.length, 1);
    await world.pass(MINUTE);
    assert.equal(world.runs.requests.length, 2);
    assert.equal(later.list().length, 1);
  });
});

describe('a clock that is set', () => {
  const daily = schedule({ kind: 'cron', expression: '0 6 * * *', zone: 'UTC' }, { missed: 'skip' });

  it('forwards, brings what is due then within half a minute', async () => {
    await using scheduler = await world.open();
    await scheduler.add(daily);
    world.clock.wall = Date.UTC(2026, 5, 2, 5, 59, 50);
    await world.pass(40_000);
    assert.equal(world.runs.requests.length, 1);
    assert.equal(scheduler.list()[0]?.skipped, 0);
  });

  it('backwards, repeats nothing, and does not wait for a time that was never near', async () => {
    await using scheduler = await world.open();
    await scheduler.add(daily);
    world.clock.wall = Date.UTC(2035, 0, 1, 5, 59, 50);
    await world.pass(40_000);
    await world.runs.end(world.runs.requests[0]?.id);
    world.clock.wall = Date.UTC(2026, 5, 1, 12);
    await world.pass(30_000);
    assert.equal(scheduler.list()[0]?.dueAtMs, Date.UTC(2026, 5, 2, 6));
    assert.equal(world.runs.requests.length, 1);
  });

  it('for the first time since the board has power, lets the calendar begin', async () => {
    await world.store.put(recordOf(daily));
    world.clock.wall = 20_000;
    await using scheduler = await world.open();
    assert.equal(scheduler.list()[0]?.state.kind, 'waits-for-clock');
    world.clock.wall = Date.UTC(2026, 5, 3, 5, 59, 58);
    await world.pass(6000);
    assert.equal(world.runs.requests.length, 1);
  });
});

describe('a start that is near', () => {
  it('has a guest made ready two seconds before, which is no longer wanted once it has begun', async () => {
    await using scheduler = await world.open();
    await scheduler.add(schedule(EVERY));
    await world.pass(10 * MINUTE - 2001);
    assert.deepEqual(world.expected, []);
    await world.pass(1);
    assert.deepEqual(world.expected, ['1 hello']);
    await world.pass(1999);
    assert.deepEqual(world.expected, ['1 hello']);
    await world.pass(1);
    assert.equal(world.runs.requests.length, 1);
    assert.deepEqual(world.expected, ['1 hello', '']);
  });

  it('has none for what is kept running, nor for a run of arguments of its own', async () => {
    await using scheduler = await world.open([kept]);
    await scheduler.add(schedule(EVERY, { args: 'a=1' }));
    await world.pass(20 * MINUTE);
    assert.deepEqual(world.expected, []);
  });
});

describe('a schedule that cannot be', () => {
  it('added is refused: of a name that is taken or none, one that never comes, and one too many', async () => {
    await using scheduler = await world.open([kept]);
    await scheduler.add(idle);
    await assert.rejects(scheduler.add(idle), failsWith('schedule-invalid', /a schedule idle already/));
    await assert.rejects(scheduler.add(kept), failsWith('schedule-invalid', /a schedule hello already/));
    const named = schedule(EVERY, { name: '../x' });
    await assert.rejects(scheduler.add(named), failsWith('schedule-invalid', /is no name/));
    const never = schedule({ kind: 'cron', expression: '0 0 30 2 *' }, { name: 'never' });
    await assert.rejects(scheduler.add(never), failsWith('schedule-invalid', /never comes/));
    for (let number = 1; number < 64; number += 1)
      await scheduler.add(schedule(EVERY, { name: `n${number}` }));
    const many = schedule(EVERY, { name: 'many' });
    await assert.rejects(scheduler.add(many), failsWith('schedule-invalid', /64 schedules already/));
  });

  it('stored is not there', async () => {
    const full = new PerigeeError('data-dir-unusable', 'the disk is full', 'Make room.');
    world.store = { ...world.store, put: () => Promise.reject(full) };
    await using scheduler = await world.open();
    await assert.rejects(scheduler.add(idle), full);
    assert.deepEqual(scheduler.list(), []);
  });

  it('found is named, and what the configuration keeps running is not removed', async () => {
    await using scheduler = await world.open([kept]);
    await assert.rejects(scheduler.change('none', 'pause'), failsWith('schedule-unknown', /none/));
    await assert.rejects(scheduler.change('hello', 'remove'), failsWith('schedule-invalid', /configuration/));
  });
});
