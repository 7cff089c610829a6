import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seriesKey } from '../../src/domain/index.js';
import type { GatewayStatus, Sample } from '../../src/domain/index.js';
import { encodeSaid, gatewayState } from '../../src/phones/messages.js';
import { run } from '../store/support-store.js';
import { enrolled, HELLO_RUN, openWorld, refusalOf, START } from './support-phones.js';

/** With a name of about so many characters, as ordinary tags make it. */
const tagged = (number: number, characters: number): Sample => ({
  series: {
    name: `temperature_${number}`,
    labels: { image: 'weather', place: 'p'.repeat(characters - 40) },
    unit: 'celsius',
  },
  value: number + 0.5,
});
const taggedKeys = (count: number, characters: number): string[] =>
  Array.from({ length: count }, (_, i) => seriesKey(tagged(i, characters).series));

describe('what a run reports', () => {
  it('is told as far as a message takes it, with whole names, however long these are', async () => {
    using world = await openWorld();
    const samples = [tagged(99, 2000), ...Array.from({ length: 32 }, (_, i) => tagged(i, 250))];
    world.news.push({ kind: 'report', run: run(HELLO_RUN, 1), windowEndUs: 1, samples });
    const phone = await enrolled(world);
    await phone.ask({ start: START });
    const told = (await phone.said()).flatMap((said) => said.run?.values ?? []).map(({ series }) => series);
    assert.ok(told.length >= 10 && told.length < 32, `${told.length} values`);
    assert.deepEqual(told, taggedKeys(told.length, 250), 'a name that has no room is left out');
    assert.equal(phone.refusal, undefined);
  });

  it('comes to who watches it in several messages where one has no room', async () => {
    using world = await openWorld();
    const phone = await enrolled(world, { role: 'viewer' });
    const series = taggedKeys(19, 190);
    assert.ok(series.every(({ length }) => length > 180));
    assert.equal((await phone.ask({ watch: { series } })).watching?.series, 19);
    world.report(Array.from({ length: 25 }, (_, i) => tagged(i, 190)));
    const news = (await phone.said()).flatMap((said) => said.news ?? []);
    assert.deepEqual(
      news.flatMap(({ values }) => values?.map((value) => value.series)),
      series,
    );
    assert.equal(news.length, 2);
  });
});

describe('a run that is asked for again', () => {
  it('is followed once, and is not one too many', async () => {
    using world = await openWorld();
    const phone = await enrolled(world);
    const starts = Array.from({ length: 3 }, (_, i) => ({ ...START, runId: `00000000000000b${i}` }));
    for (const start of [...starts, ...starts, ...starts])
      assert.equal((await phone.ask({ start })).run?.state, 'accepted');
    assert.equal(world.followers, 3);
  });

  it('takes one place also while its start is under way, and none if that fails', async () => {
    using world = await openWorld();
    const phone = await enrolled(world);
    for (let i = 0; i < 3; i++) await phone.ask({ start: { ...START, runId: `00000000000000b${i}` } });
    for (let i = 0; i < 4; i++)
      assert.match(
        await refusalOf(phone, { start: { image: 'nonesuch', runId: `00000000000000c${i}` } }),
        /^image-unknown/,
      );
    for (let i = 0; i < 4; i++) phone.command({ start: { ...START, runId: `00000000000000c${i}` } });
    await phone.said();
    assert.equal(world.followers, 4);
  });
});

describe('the state of a gateway', () => {
  it('has room in a message, whatever crashes again and again', () => {
    const status = {
      ...{ version: '1', epoch: 1, activeRuns: 1, queuedRuns: 0, lostObservations: 0, uptimeSeconds: 1 },
      ...{ crashLoops: Array<string>(100).fill('n'.repeat(64)), store: { samples: 1 } },
      sync: { text: 's'.repeat(2000), waiting: false, samplesAcknowledged: 1 },
      recording: { kind: 'waiting', text: 'r'.repeat(2000) },
    } as unknown as GatewayStatus;
    const state = gatewayState(status, 1);
    assert.ok(encodeSaid({ answer: { command: 1, state } }).length < 4000);
    assert.ok((state.crashLoops?.length ?? 0) >= 10);
  });
});
