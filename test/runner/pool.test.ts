import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { parseImageName, type RunRecord } from '../../src/domain/index.js';
import { newRunId } from '../../src/platform/index.js';
import { tempFolder } from '../support/temp.js';
import { changedImage, eventually, isAlive, runToEnd, until, workshop } from './support-runner.js';
import type { Workshop, WorkshopOptions } from './support-runner.js';

const folder = tempFolder('pool');
const HELLO = parseImageName('hello');
const HOSTSENSE = parseImageName('hostsense');

/** A runner that keeps so many guests of an image ready, once they are. */
async function warmed(
  size: number,
  options: Partial<WorkshopOptions> = {},
  image = HELLO,
): Promise<Workshop> {
  const made = workshop({ folder, ...options });
  after(() => made.runner[Symbol.asyncDispose]());
  made.runner.pool.want(new Map([[image, size]]));
  await eventually(`${size} are ready`, () => made.runner.pool.ready().get(image) === size);
  return made;
}

const reason = (run: RunRecord): unknown => (run.state.kind === 'ended' ? run.state.reason : run.state);

for (const way of ['booted', 'stopped'] as const) {
  describe(`a guest that is kept ready, ${way}`, () => {
    it('serves a run to its end like one that was started for it', async () => {
      const { runner, journal, observations } = await warmed(1, { warmWay: way });
      const run = await runToEnd(runner, 'hello');
      assert.deepEqual(reason(run), { kind: 'completed' });
      assert.equal(run.startedFrom, way);
      assert.deepEqual(journal.records.get(run.id), run);
      assert.match(run.monitorVersion ?? '', /^\d+\.\d+\.\d+$/);
      assert.deepEqual(run.faults, { badFrames: 0, droppedValues: 0 });
      const names = observations.flatMap(({ samples }) => samples.map(({ series }) => series.name));
      assert.ok(names.includes('guest_boot'), names.join());
    });

    it('gives the run no boot phase that was over before anyone asked for it', async () => {
      const { runner } = await warmed(1, { warmWay: way });
      const { boot } = await runToEnd(runner, 'hello');
      const early =
        way === 'booted'
          ? ['spawnedMs', 'monitorReadyMs', 'resumedMs', 'bootedMs']
          : ['spawnedMs', 'monitorReadyMs'];
      assert.deepEqual(
        Object.keys(boot).filter((phase) => early.includes(phase)),
        [],
      );
      assert.ok(boot.firstMetricMs !== undefined);
    });

    it('is fed like one that was started for its run, where it was granted sensors', async () => {
      const { runner } = await warmed(1, { warmWay: way }, HOSTSENSE);
      const run = await until(runner, 'hostsense', '', (news) => news.kind === 'report');
      assert.equal(run.startedFrom, way);
      assert.deepEqual(run.faults, { badFrames: 0, droppedValues: 0 });
    });

    it('serves one run only, and is replaced', async () => {
      const { runner } = await warmed(2, { warmWay: way });
      const runs = await Promise.all([1, 2, 3].map(() => runToEnd(runner, 'hello')));
      const processes = new Set(runs.map(({ processId }) => processId));
      assert.equal(processes.size, 3);
      assert.equal(runs.filter(({ startedFrom }) => startedFrom === way).length, 2);
      await eventually('two are ready again', () => runner.pool.ready().get(HELLO) === 2);
    });

    it('is not given to a run that wants other arguments', async () => {
      const { runner } = await warmed(1, { warmWay: way });
      const run = await runToEnd(runner, 'hello', 'fault=status');
      assert.equal(run.startedFrom, undefined);
      assert.deepEqual(reason(run), { kind: 'exit-code', code: 7 });
      assert.equal(runner.pool.ready().get(HELLO), 1);
    });

    it('is let go when its image has changed', async () => {
      const images = tempFolder('images');
      changedImage(images, 'hello', { version: '"1"' });
      const { runner } = await warmed(1, { images, warmWay: way });
      changedImage(images, 'hello', { version: '"2"' });
      const run = await runToEnd(runner, 'hello');
      assert.deepEqual([run.imageVersion, run.startedFrom], ['2', undefined]);
      await eventually('one of the new version is ready', () => runner.pool.ready().get(HELLO) === 1);
      const warm = await runToEnd(runner, 'hello');
      assert.deepEqual([warm.imageVersion, warm.startedFrom], ['2', way]);
    });
  });
}

describe('the pool', () => {
  it('keeps no more guests than its memory allows', async () => {
    const image = { memoryMib: 16 };
    const images = tempFolder('images');
    changedImage(images, 'hello', image);
    const { runner } = workshop({ folder, images, warmMemoryMib: 40 });
    after(() => runner[Symbol.asyncDispose]());
    runner.pool.want(new Map([[HELLO, 5]]));
    await eventually('two are ready', () => runner.pool.ready().get(HELLO) === 2);
    await runToEnd(runner, 'hello', 'stay=0');
    assert.equal(runner.pool.ready().get(HELLO), 2);
  });

  it('lets go of what is not wanted any more, and of all when it ends', async () => {
    const { runner } = await warmed(3);
    runner.pool.want(new Map([[HELLO, 1]]));
    await eventually('one is left', () => runner.pool.ready().get(HELLO) === 1);
    runner.pool.want(new Map());
    await eventually('none is left', () => runner.pool.ready().size === 0);
  });

  it('leaves no process when the gateway ends', async () => {
    const { runner } = await warmed(2);
    const run = await until(runner, 'hello', '', (news) => news.kind === 'changed');
    await runner[Symbol.asyncDispose]();
    assert.equal(isAlive(run.processId ?? assert.fail('a process id')), false);
    assert.equal(runner.pool.ready().size, 0);
  });

  it('gives its place up with a run that is stopped before it began', async () => {
    const { runner } = await warmed(1, { maxRuns: 1 });
    await runner.start({ id: newRunId(), image: 'hello', args: 'stay=1' });
    const id = newRunId();
    const waiting = await runner.start({ id, image: 'hello' });
    assert.equal(waiting.state.kind, 'queued');
    const stopped = await runner.stop(id);
    assert.deepEqual(reason(stopped), { kind: 'killed-by-user' });
    assert.equal(stopped.startedFrom, undefined);
  });

  it('holds the memory of a guest for the run that it is promised to, while that waits', async () => {
    const images = tempFolder('images');
    changedImage(images, 'hello', { maxConcurrent: 1 });
    changedImage(images, 'hostsense', {});
    // Two of hello with their monitors, and one megabyte less than a third guest needs.
    const { runner } = await warmed(1, { images, memoryMib: 3 * 36 - 1 });
    await runner.start({ id: newRunId(), image: 'hello', args: 'stay=1' });
    const promised = await runner.start({ id: newRunId(), image: 'hello' });
    const other = await runner.start({ id: newRunId(), image: 'hostsense' });
    const why = [promised, other].map(({ state }) =>
      state.kind === 'queued' ? state.why?.text : state.kind,
    );
    assert.match(why[0] ?? '', /as many runs of hello/);
    assert.match(why[1] ?? '', /needs 36 MiB of memory, and 35 MiB are free/);
    await runner.stop(promised.id);
    await eventually('its memory is given to who waits', () =>
      runner.active.some(({ id, state }) => id === other.id && state.kind !== 'queued'),
    );
  });

  it('does nothing for a run that cannot be written down', async () => {
    const { journal, runner } = await warmed(1);
    journal.put = () => Promise.reject(new Error('the disk is full'));
    const id = newRunId();
    await assert.rejects(runner.start({ id, image: 'hello' }), /the disk is full/);
    assert.deepEqual(runner.active, []);
  });

  it('gives nobody a guest that dies while it waits, and goes on trying', async () => {
    const images = tempFolder('images');
    changedImage(images, 'hello', { args: 'fault=die' });
    const { runner } = workshop({ folder, images });
    after(() => runner[Symbol.asyncDispose]());
    runner.pool.want(new Map([[HELLO, 1]]));
    const run = await runToEnd(runner, 'hello');
    assert.match(JSON.stringify(reason(run)), /crashed/);
    assert.equal(run.startedFrom, undefined);
    changedImage(images, 'hello', { version: '"2"', args: 'stay=0' });
    await eventually('one that lives is ready', () => runner.pool.ready().get(HELLO) === 1);
  });
});
