import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { parseImageName, type RunId, type RunRecord } from '../../src/domain/index.js';
import { newRunId } from '../../src/platform/index.js';
import { failsWith } from '../support/expect.js';
import { tempFolder } from '../support/temp.js';
import { changedImage, eventually, workshop, type Workshop } from './support-runner.js';

const folder = tempFolder('queueing');
const images = tempFolder('images');
changedImage(images, 'hello', { args: 'stay=1' });
changedImage(images, 'hostsense', { maxConcurrent: 1 });

function shop(options: { maxRuns?: number; memoryMib?: number }): Workshop {
  const made = workshop({ folder, images, ...options });
  after(() => made.runner[Symbol.asyncDispose]());
  return made;
}

const start = ({ runner }: Workshop, image = 'hello', priority = 0): Promise<RunRecord> =>
  runner.start({ id: newRunId(), image, priority });

const stateOf = ({ runner }: Workshop, id: RunId): RunRecord['state'] | undefined =>
  runner.active.find((run) => run.id === id)?.state;

describe('a run that has no place yet', () => {
  it('is accepted, says why it waits, and starts when another ends', async () => {
    const one = shop({ maxRuns: 1 });
    const [first, second] = [await start(one), await start(one)];
    const why = (second.state.kind === 'queued' ? second.state.why : undefined) ?? assert.fail('it waits');
    assert.equal(why.text, 'as many guests run as this gateway runs at once (1)');
    // The image's time limit ends the first.
    assert.ok((why.expectedMs ?? Infinity) <= 30_000);
    await one.runner.stop(first.id);
    await eventually('the second runs', () => stateOf(one, second.id)?.kind === 'reporting');
    const { queuedMs = 0, spawnedMs = 0 } = one.runner.active[0]?.boot ?? {};
    assert.ok(queuedMs > 0 && spawnedMs < queuedMs);
  });

  it('is passed by one of higher priority', async () => {
    const one = shop({ maxRuns: 1 });
    const first = await start(one);
    const [low, high] = [await start(one), await start(one, 'hello', 5)];
    await one.runner.stop(first.id);
    await eventually('the urgent one runs', () => stateOf(one, high.id)?.kind === 'reporting');
    assert.equal(stateOf(one, low.id)?.kind, 'queued');
  });

  it('can be stopped, and leaves its turn to the next', async () => {
    const one = shop({ maxRuns: 1 });
    const [first, second, third] = [await start(one), await start(one), await start(one)];
    const stopped = await one.runner.stop(second.id);
    assert.deepEqual(stopped.state, { kind: 'ended', reason: { kind: 'killed-by-user' } });
    await one.runner.stop(first.id);
    await eventually('the third runs', () => stateOf(one, third.id)?.kind === 'reporting');
  });

  it('waits for the one of its image where there may be one at once', async () => {
    const several = shop({});
    await start(several, 'hostsense');
    const second = await start(several, 'hostsense');
    assert.match(JSON.stringify(second.state), /as its manifest allows at once \(1\)/);
    assert.notEqual((await start(several)).state.kind, 'queued');
  });
});

describe('a run that the board can never hold', () => {
  it('is refused with the figures, and journaled as refused', async () => {
    const small = shop({ memoryMib: 30 });
    const id = newRunId();
    await assert.rejects(
      small.runner.start({ id, image: 'hello' }),
      failsWith('run-refused', /hello needs \d+ MiB .* guests have 30 MiB in all/),
    );
    assert.match(JSON.stringify(small.journal.records.get(id)?.state), /host-refused/);
  });
});

describe('a guest that is kept ready', () => {
  it('makes room for a run that needs its memory, and is kept ready again afterwards', async () => {
    const hello = parseImageName('hello');
    const room = shop({ memoryMib: 76 });
    room.runner.pool.want(new Map([[hello, 1]]));
    await eventually('one is ready', () => room.runner.pool.ready().get(hello) === 1);
    // One has room beside it, and another has not.
    const [first, second] = [await start(room, 'hostsense'), await start(room)];
    assert.equal(second.startedFrom, 'booted', 'the run that it serves needs no room');
    await room.runner.stop(second.id);
    await eventually('one is ready again', () => room.runner.pool.ready().get(hello) === 1);
    const third = await room.runner.start({ id: newRunId(), image: 'hello', args: 'own=1' });
    await eventually('it is given back', () => room.runner.pool.ready().size === 0);
    await eventually('the run has its room', () => stateOf(room, third.id)?.kind === 'reporting');
    for (const { id } of [first, third]) await room.runner.stop(id);
    await eventually('one is ready again', () => room.runner.pool.ready().get(hello) === 1);
  });
});
