import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import type { RunRecord, Sample } from '../../src/domain/index.js';
import { tempFolder } from '../support/temp.js';
import { eventually, isAlive, runToEnd, until, workshop, type Workshop } from './support-runner.js';

const folder = tempFolder('network');
const reason = (run: RunRecord): unknown => (run.state.kind === 'ended' ? run.state.reason : run.state);

function samplesOf({ observations }: Workshop, { id }: RunRecord): readonly Sample[] {
  return observations
    .filter(({ runId }) => runId === id)
    .flatMap(({ samples }) => samples)
    .filter(({ series }) => !series.name.startsWith('run_'));
}

for (const architecture of ['x86_64', 'arm64', 'armv7'] as const) {
  describe(`a guest that has only a network, on ${architecture},`, () => {
    const shop = workshop({ folder, architecture });
    after(() => shop.runner[Symbol.asyncDispose]());

    it('gets an address, reports by UDP and by HTTP, and ends', async () => {
      const run = await runToEnd(shop.runner, 'netsense', 'count=2');
      assert.deepEqual(reason(run), { kind: 'completed' });
      assert.deepEqual(run.faults, { badFrames: 0, droppedValues: 0 });
      const totals = samplesOf(shop, run).filter(({ series }) => series.name === 'link_reports_total');
      assert.deepEqual(
        totals.map(({ value }) => value),
        [1, 2],
      );
    });
  });
}

describe('a guest that misbehaves on its network', () => {
  const shop = workshop({ folder });
  const { runner } = shop;
  after(() => runner[Symbol.asyncDispose]());

  it('and floods it is counted, and the others do not notice', async () => {
    const flood = await until(runner, 'netsense', 'fault=flood', (news) => news.kind === 'report');
    const dropped = (): number => runner.active.find(({ id }) => id === flood.id)?.faults.droppedValues ?? 0;
    await eventually('most is dropped', () => dropped() > 5000);
    assert.deepEqual(reason(await runToEnd(runner, 'hello')), { kind: 'completed' });
    const stopped = await runner.stop(flood.id);
    assert.deepEqual(reason(stopped), { kind: 'killed-by-user' });
    assert.ok(samplesOf(shop, flood).length < stopped.faults.droppedValues / 2);
    assert.equal(isAlive(stopped.processId ?? assert.fail('a process id')), false);
  });

  it('and sends noise has sent nothing, and can be stopped like any other', async () => {
    const noise = await until(runner, 'netsense', 'fault=garbage', (news) => news.kind === 'changed');
    assert.deepEqual(reason(await runToEnd(runner, 'netsense', 'count=2')), { kind: 'completed' });
    assert.deepEqual(reason(await runner.stop(noise.id)), { kind: 'killed-by-user' });
    assert.deepEqual(samplesOf(shop, noise), []);
  });

  it('and invents ten thousand series keeps the first 128, and is told so by the answer to its next request', async () => {
    const run = await runToEnd(runner, 'netsense', 'fault=series count=2');
    assert.match(JSON.stringify(reason(run)), /"crashed".*the gateway does not take a report 4/);
    const names = new Set(samplesOf(shop, run).map(({ series }) => series.name));
    assert.ok(names.size <= 128 && names.size > 0, `${names.size} series`);
    assert.ok(run.faults.droppedValues > 9000);
  });

  it('and reports whatever a number can be has those stored that can be averaged, as they are, at our time', async () => {
    const run = await runToEnd(runner, 'netsense', 'fault=values count=1');
    const odd = samplesOf(shop, run).filter(({ series }) => series.name.startsWith('odd_'));
    assert.deepEqual(Object.fromEntries(odd.map(({ series, value }) => [series.name, value])), {
      odd_negative: -273.15,
      odd_tiny: -Number.MIN_VALUE,
      odd_whole: 2 ** 63,
    });
    assert.equal(run.faults.droppedValues, 4);
    const times = shop.observations.filter(({ runId }) => runId === run.id).map(({ wallMs }) => wallMs);
    assert.ok(times.every((wallMs) => Math.abs(wallMs - Date.now()) < 600_000));
  });
});
