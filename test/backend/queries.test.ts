import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { openBackend } from 'perigee-backend';
import type { Backend } from 'perigee-backend';
import { tempFolder } from '../support/temp.js';
import { ask, batchOf, complaintOf, deliver, GATEWAY, observation, RUN, span } from './support-backend.js';

const directory = tempFolder('backend-queries');
let backend: Backend;
let gateway: string;
before(async () => {
  backend = await openBackend({ directory, port: 0 });
  gateway = `${backend.url}/v1/gateways/${GATEWAY}`;
  await deliver(backend.url, batchOf(span(1, 10)));
});
after(() => backend[Symbol.asyncDispose]());

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly unit: string;
  readonly value: number | string;
  readonly epoch: number;
  readonly sequence: number;
  readonly wallMs: number;
  readonly runId?: string;
}
interface Samples {
  readonly samples: readonly Sample[];
  readonly more?: boolean;
}
interface Run {
  readonly id: string;
  readonly state: string;
  readonly endReason: string;
}

describe('the query API', () => {
  it('lists the gateways that sent something, and what is held of each epoch', async () => {
    const { gateways } = await ask<{ gateways: { id: string }[] }>(`${backend.url}/v1/gateways`);
    assert.ok(gateways.some(({ id }) => id === GATEWAY));
    const one = await ask<{ epochs: unknown }>(gateway);
    assert.deepEqual(one.epochs, [{ epoch: 1, sequence: 10 }]);
  });

  it('gives samples as they were sent, oldest first', async () => {
    const { samples, more } = await ask<Samples>(`${gateway}/observations?series=temperature`);
    assert.deepEqual(
      samples.map((one) => one.value),
      span(1, 10),
    );
    assert.equal(more, false);
    assert.deepEqual(samples[2], {
      name: 'temperature',
      labels: { image: 'hostsense' },
      unit: 'celsius',
      value: 3,
      epoch: 1,
      sequence: 3,
      wallMs: 1_700_000_003_000,
      runId: RUN,
    });
  });

  it('narrows samples by time, both ends included, and by a limit that it owns up to', async () => {
    const range = 'from=1700000003000&to=1700000005000';
    const within = await ask<Samples>(`${gateway}/observations?series=temperature&${range}`);
    assert.deepEqual(
      within.samples.map((one) => one.sequence),
      [3, 4, 5],
    );
    const limited = await ask<Samples>(`${gateway}/observations?series=temperature&${range}&limit=2`);
    assert.deepEqual(
      limited.samples.map((one) => one.sequence),
      [3, 4],
    );
    assert.equal(limited.more, true);
  });

  it('gives values that JSON has no number for as ProtoJSON spells them', async () => {
    const gatewayId = 'aaaaaaaaaaaaaaaa';
    const values = [NaN, Infinity, -Infinity, 0.1 + 0.2, 5e-324, Number.MAX_VALUE];
    const observations = values.map((value, index) => observation(index + 1, { values: [value] }));
    await deliver(backend.url, batchOf([], { gatewayId, observations }));
    const path = `${backend.url}/v1/gateways/${gatewayId}/observations?series=temperature`;
    const { samples } = await ask<Samples>(path);
    const spelt = ['NaN', 'Infinity', '-Infinity', 0.1 + 0.2, 5e-324, Number.MAX_VALUE];
    assert.deepEqual(
      samples.map((one) => one.value),
      spelt,
    );
  });

  it('gives the newest sample of a series by its place, whatever arrived last or claims the later time', async () => {
    const gatewayId = 'bbbbbbbbbbbbbbbb';
    await deliver(backend.url, batchOf([1], { gatewayId, epoch: 2 }));
    const late = [observation(9, { wallMs: 4_000_000_000_000, values: [99] })];
    await deliver(backend.url, batchOf([], { gatewayId, epoch: 1, observations: late }));
    const { samples } = await ask<Samples>(`${backend.url}/v1/gateways/${gatewayId}/latest`);
    assert.deepEqual(
      samples.map(({ epoch, sequence, value }) => [epoch, sequence, value]),
      [[2, 1, 1]],
    );
  });

  it('keeps an ended run ended when an older word on it arrives late', async () => {
    const gatewayId = 'cccccccccccccccc';
    const boot = { spawnedMs: 1.5, firstMetricMs: 80, readyMs: 81 };
    const send = (state: string, endReason: string): Promise<unknown> =>
      deliver(backend.url, { gatewayId, runs: [{ id: RUN, image: 'hello', state, endReason, boot }] });
    const runs = async (): Promise<readonly Run[]> =>
      (await ask<{ runs: Run[] }>(`${backend.url}/v1/gateways/${gatewayId}/runs`)).runs;
    await send('booted', '');
    assert.deepEqual(
      (await runs()).map((run) => run.state),
      ['booted'],
    );
    await send('ended', 'completed');
    await send('reporting', '');
    const [run] = await runs();
    assert.ok(run);
    assert.deepEqual([run.id, run.state, run.endReason], [RUN, 'ended', 'completed']);
    assert.deepEqual('boot' in run && run.boot, boot);
  });

  it('gives back of a run who asked for it, how it began, and what of its guest was not understood', async () => {
    const gatewayId = 'eeeeeeeeeeeeeeee';
    const cause = { kind: 'schedule', name: 'dawn', restart: 2 };
    const faults = { badFrames: 1, droppedValues: 30, first: 'metric 7 was never declared' };
    const full = { id: RUN, image: 'hello', startedFrom: 'booted', boot: { queuedMs: 5 }, cause, faults };
    await deliver(backend.url, { gatewayId, runs: [full, { id: 'abcdefabcdefabcd', image: 'hello' }] });
    const { runs } = await ask<{ runs: Record<string, unknown>[] }>(
      `${backend.url}/v1/gateways/${gatewayId}/runs`,
    );
    const told = runs.map(({ startedFrom, boot, cause, faults }) => ({ startedFrom, boot, cause, faults }));
    assert.deepEqual(told, [
      { startedFrom: 'booted', boot: { queuedMs: 5 }, cause, faults },
      { startedFrom: '', boot: {}, cause: null, faults: null },
    ]);
  });

  it('counts what it holds', async () => {
    const before = await backend.totals();
    await deliver(backend.url, batchOf(span(1, 3), { gatewayId: 'dddddddddddddddd' }));
    const { gateways, observations, samples, batches } = await backend.totals();
    assert.deepEqual(
      [gateways - before.gateways, observations - before.observations, samples - before.samples],
      [1, 3, 3],
    );
    assert.equal(batches - before.batches, 1);
  });

  it('says that it is well', async () => {
    assert.deepEqual(await ask(`${backend.url}/healthz`), { status: 'ok' });
  });

  const unknown = {
    'a path that is none': '/v1/nothing',
    'a gateway that never sent': '/v1/gateways/ffffffffffffffff',
    "a stranger's runs": '/v1/gateways/ffffffffffffffff/runs',
    'a series that is not there': `/v1/gateways/${GATEWAY}/observations?series=pressure`,
  };
  for (const [what, path] of Object.entries(unknown)) {
    it(`answers 404 and what to do for ${what}`, async () => {
      const { status, error, cure } = await complaintOf(await fetch(`${backend.url}${path}`));
      assert.equal(status, 404);
      assert.notEqual(error, '');
      assert.notEqual(cure, '');
    });
  }

  const misasked = {
    'no series': '',
    'a limit of 0': 'series=temperature&limit=0',
    'a limit beyond the maximum': 'series=temperature&limit=10001',
    'a time that is none': 'series=temperature&from=yesterday',
    'two limits': 'series=temperature&limit=1&limit=2',
  };
  for (const [what, query] of Object.entries(misasked)) {
    it(`answers 400 and what to do for ${what}`, async () => {
      const { status, cure } = await complaintOf(await fetch(`${gateway}/observations?${query}`));
      assert.equal(status, 400);
      assert.notEqual(cure, '');
    });
  }

  it('answers 404, not 500, to a path with a NUL or a broken escape in it', async () => {
    for (const path of [
      '/v1/gateways/%00',
      `/v1/gateways/${GATEWAY}/observations?series=%00`,
      '/v1/gateways/%zz',
    ]) {
      const { status } = await fetch(`${backend.url}${path}`);
      assert.ok(status === 404 || status === 400, `${path}: ${status}`);
    }
  });
});
