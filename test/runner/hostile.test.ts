import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { describeFaults, type RunId, type RunRecord } from '../../src/domain/index.js';
import { consolesIn, createConsoleReader } from '../../src/console/index.js';
import { segmentsIn } from '../../src/console/segments.js';
import { tempFolder } from '../support/temp.js';
import { changedImage, eventually, isAlive, runToEnd, until, workshop } from './support-runner.js';

const folder = tempFolder('hostile');
const images = tempFolder('images');
changedImage(images, 'hello', { readyWithinMs: 1500 });
changedImage(images, 'hostsense', { windowMs: 200 });
const { runner, journal, observations, logDirectory } = workshop({ folder, images });
const reason = (run: RunRecord): unknown => (run.state.kind === 'ended' ? run.state.reason : run.state);
const now = (id: RunId): RunRecord => journal.records.get(id) ?? assert.fail('a record');
const active = (id: RunId): RunRecord | undefined => runner.active.find((run) => run.id === id);

describe('beside a guest that reports five times a second, one that', () => {
  let neighbour: RunRecord;
  const windows = (): number =>
    observations.filter(
      ({ runId, samples }) =>
        runId === neighbour.id && samples.some(({ series }) => series.name.endsWith('_mean')),
    ).length;

  before(async () => {
    neighbour = await until(runner, 'hostsense', '', (news) => news.kind === 'report');
  });
  after(() => runner[Symbol.asyncDispose]());

  /** Starts the hostile guest, and has the neighbour report on, while it does what it does. */
  async function beside(args: string, shows: (run: RunRecord) => boolean): Promise<RunRecord> {
    const started = await until(runner, 'hello', args, (news) => news.kind === 'changed');
    await eventually('it does what it is here for', () => shows(active(started.id) ?? now(started.id)));
    const seen = windows();
    await eventually('the neighbour reports on', () => windows() >= seen + 5);
    assert.deepEqual(active(neighbour.id)?.faults, { badFrames: 0, droppedValues: 0 });
    return started;
  }

  it('floods its channel is counted, told why, and stopped', async () => {
    const { id } = await beside('fault=flood', ({ faults }) => faults.droppedValues > 1000);
    const taken = (): number => observations.filter(({ runId }) => runId === id).length;
    assert.ok(taken() < (active(id)?.faults.droppedValues ?? 0));
    const stopped = await runner.stop(id);
    assert.deepEqual(reason(stopped), { kind: 'killed-by-user' });
    assert.match(
      describeFaults(stopped.faults),
      /^\d+ values dropped \(first: more than 100 reports or 1280 values a second/,
    );
  });

  it('floods its console keeps the newest of it, and is stopped', async () => {
    const { id } = await beside('fault=chatter', (run) => consolesIn(logDirectory).includes(run.id));
    const newest = (): number => segmentsIn(logDirectory, id).at(-1)?.start ?? 0;
    await eventually('it prints more than is kept', () => newest() > 256 * 1024);
    const stopped = await runner.stop(id);
    assert.deepEqual(reason(stopped), { kind: 'killed-by-user' });
    assert.match(
      await createConsoleReader(logDirectory, id).more(),
      /bytes were printed here and are not kept.*\n[^]*full one/,
    );
  });

  it('never hears Stop is ended all the same', async () => {
    const { id, processId } = await beside('fault=deaf', ({ state }) => state.kind === 'reporting');
    assert.deepEqual(reason(await runner.stop(id)), { kind: 'killed-by-user' });
    assert.equal(isAlive(processId ?? assert.fail('a process id')), false);
  });

  it('spins and says nothing is ended as never ready', async () => {
    const { id } = await beside('fault=spin', ({ boot }) => boot.resumedMs !== undefined);
    await eventually('it is ended', () => now(id).state.kind === 'ended');
    assert.deepEqual(reason(now(id)), { kind: 'never-ready' });
  });

  it('resets its machine, as a triple fault does, has crashed', async () => {
    const expected = { kind: 'crashed', detail: 'the guest reset itself (a fault, or a triple fault)' };
    assert.deepEqual(reason(await runToEnd(runner, 'hello', 'fault=reset')), expected);
    const trap = JSON.stringify(reason(await runToEnd(runner, 'hello', 'fault=trap')));
    assert.match(trap, /"crashed","detail":"panic: trap /);
  });
});
