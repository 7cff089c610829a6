import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { after, describe, it } from 'node:test';
import { parseGatewayId, parseImageName, type RunId } from '../../src/domain/index.js';
import { newRunId } from '../../src/platform/index.js';
import { markedProcesses } from '../../src/runner/marks.js';
import { tempFolder } from '../support/temp.js';
import { eventually, isAlive, workshop, type Workshop } from './support-runner.js';

const folder = tempFolder('written');
const HELLO = parseImageName('hello');
const GATEWAY = parseGatewayId('00000000000000cc');
const LINUX = { skip: process.platform !== 'linux' && 'needs /proc' };
/** A start that does not wait for the journal has a process long before. */
const LONGER_THAN_A_START_MS = 100;

/** A journal that takes its time with everything, until it is told to go on. */
function slowJournal({ journal }: Workshop): { readonly asked: () => number; readonly goOn: () => void } {
  const put = journal.put.bind(journal);
  let asked = 0;
  let goOn = (): void => undefined;
  const may = new Promise<void>((go) => (goOn = go));
  journal.put = async (run) => {
    asked += 1;
    await may;
    await put(run);
  };
  return { asked: () => asked, goOn: () => goOn() };
}

function made(): Workshop {
  const here = workshop({ folder });
  after(() => here.runner[Symbol.asyncDispose]());
  return here;
}

const slotsOf = (id: RunId): number => markedProcesses(GATEWAY).filter(({ slot }) => slot === id).length;
const hasFolder = (id: RunId): boolean => existsSync(join(folder, 'runs', id));

describe('a run that is being written down', LINUX, () => {
  it('has no process before the journal has it, whatever else is ready', async () => {
    const here = made();
    const journal = slowJournal(here);
    const id = newRunId();
    const started = here.runner.start({ id, image: 'hello', args: 'stay=1' });
    await eventually('its folder is made', () => hasFolder(id));
    await delay(LONGER_THAN_A_START_MS);
    assert.deepEqual([journal.asked(), slotsOf(id)], [1, 0]);
    assert.equal(here.runner.active[0]?.state.kind, 'queued');
    journal.goOn();
    assert.ok((await started).processId !== undefined);
    assert.equal(slotsOf(id), 1);
  });

  for (const [when, soon] of [
    ['at once', (): Promise<unknown> => Promise.resolve()],
    ['in a while', (): Promise<unknown> => delay(1)],
  ] as const) {
    it(`and, as turns out ${when}, cannot be leaves no process and no folder`, async () => {
      const here = made();
      here.journal.put = async () => {
        await soon();
        throw new Error('the disk is full');
      };
      const id = newRunId();
      await assert.rejects(here.runner.start({ id, image: 'hello' }), /the disk is full/);
      await delay(LONGER_THAN_A_START_MS);
      assert.deepEqual([here.runner.active, slotsOf(id), hasFolder(id)], [[], 0, false]);
    });
  }

  it('by a gateway that ends meanwhile leaves no process and no folder', async () => {
    const here = made();
    const journal = slowJournal(here);
    const id = newRunId();
    const started = here.runner.start({ id, image: 'hello', args: 'stay=1' });
    await eventually('its folder is made', () => hasFolder(id));
    const disposed = here.runner[Symbol.asyncDispose]();
    journal.goOn();
    await Promise.all([started, disposed]);
    assert.deepEqual([here.runner.active, slotsOf(id), hasFolder(id)], [[], 0, false]);
    assert.equal(here.journal.records.get(id)?.state.kind, 'ended');
  });

  it('has begun in a guest that was kept ready, which its mark tells of, and nobody is told before', async () => {
    const here = made();
    here.runner.pool.want(new Map([[HELLO, 1]]));
    await eventually('one is ready', () => here.runner.pool.ready().get(HELLO) === 1);
    const journal = slowJournal(here);
    const news = here.runner.events.subscribe();
    let answered = false;
    const started = here.runner.start({ id: newRunId(), image: 'hello' }).then((run) => {
      answered = true;
      return run;
    });
    for await (const item of news) if (item.kind === 'report') break;
    const [run] = here.runner.active;
    assert.equal(answered, false);
    assert.deepEqual([run?.startedFrom, here.runner.pool.ready().size], ['booted', 0], 'nobody else gets it');
    assert.ok(markedProcesses(GATEWAY).some(({ processId }) => processId === run?.processId));
    journal.goOn();
    assert.equal((await started).startedFrom, 'booted');
  });
});

describe('a run that comes to nothing', () => {
  it('leaves no folder when no program could be started for it', async () => {
    const { runner } = made();
    const id = newRunId();
    const run = await runner.start({ id, image: 'hello', args: 'a\0b' });
    assert.equal(run.state.kind, 'ended');
    assert.deepEqual([run.processId, hasFolder(id)], [undefined, false]);
  });

  it('leaves none when it is stopped while it waits for its place', async () => {
    const here = workshop({ folder, maxRuns: 1 });
    after(() => here.runner[Symbol.asyncDispose]());
    const first = await here.runner.start({ id: newRunId(), image: 'hello', args: 'stay=1' });
    const id = newRunId();
    assert.equal((await here.runner.start({ id, image: 'hello' })).state.kind, 'queued');
    await here.runner.stop(id);
    assert.equal(hasFolder(id), false);
    assert.equal(isAlive(first.processId ?? assert.fail('a process id')), true);
  });
});
