import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { BEFORE_EVERYTHING } from '../../src/domain/index.js';
import type { Store } from '../../src/domain/index.js';
import { openLevelStore } from '../../src/store/index.js';
import type { StoreFaults } from '../../src/store/index.js';
import type { Durability } from '../../src/store/open-level-store.js';
import { storeContract } from '../contracts/store-contract.js';
import { failsWith } from '../support/expect.js';
import { SILENT } from '../support/loggers.js';
import { tempFolder } from '../support/temp.js';
import { CLOCK, collect, observation, run, series, values } from './support-store.js';

const folder = tempFolder('level-store');

function newDirectory(): string {
  return mkdtempSync(join(folder, 'data-'));
}

function open(directory: string, faults: StoreFaults = {}): Promise<Store> {
  return openLevelStore({ directory, clock: CLOCK, logger: SILENT, faults });
}

storeContract('the LevelDB store', () => open(newDirectory()));

describe('the LevelDB store, opened again', () => {
  it('has everything, is the same gateway, and is in the next epoch', async () => {
    const directory = newDirectory();
    const first = await open(directory);
    const record = run('5', 7);
    await first.append({ ...values(1, { a: 1, b: 1 }), runId: record.id });
    await first.append(values(2, { b: 2 }));
    await first.put(record);
    await first.setCursor('sync', { epoch: 1, sequence: 1 });
    const before = { counts: first.counts(), latest: first.latest(), gatewayId: first.gatewayId };
    await first[Symbol.asyncDispose]();

    await using second = await open(directory);
    assert.deepEqual([first.epoch, second.epoch], [1, 2]);
    assert.match(second.gatewayId, /^[0-9a-f]{16}$/);
    assert.deepEqual(
      { counts: second.counts(), latest: second.latest(), gatewayId: second.gatewayId },
      before,
    );
    assert.deepEqual(await second.get(record.id), record);
    assert.deepEqual(await second.cursor('sync'), { epoch: 1, sequence: 1 });
    assert.deepEqual(await second.append(values(3, { b: 3, c: 3 })), { epoch: 2, sequence: 1 });
    const read = await collect(second.read(BEFORE_EVERYTHING, 10));
    assert.deepEqual(
      read.map(({ position, samples }) => [position.epoch, position.sequence, samples.at(-1)?.value]),
      [
        [1, 1, 1],
        [1, 2, 2],
        [2, 1, 3],
      ],
    );
  });

  it('keeps the journal in order over epochs, also for a run that ends in a later one', async () => {
    const directory = newDirectory();
    const place = await (async () => {
      await using store = await open(directory);
      await store.put(run('a', 900));
      await store.put(run('b', 800));
      return (await store.changedRuns(BEFORE_EVERYTHING, 10)).at(-1)?.position ?? BEFORE_EVERYTHING;
    })();
    await using store = await open(directory);
    await store.put(run('c', 1));
    const late = run('a', 900, { state: { kind: 'ended', reason: { kind: 'timed-out' } } });
    await store.put(late);
    assert.deepEqual(await store.list(10), [run('c', 1), run('b', 800), late]);
    assert.deepEqual(await store.going(), [run('b', 800), run('c', 1)]);
    assert.deepEqual(
      (await store.changedRuns(place, 10)).map((change) => change.run),
      [run('c', 1), late],
    );
  });

  it('is another gateway in another directory', async () => {
    await using one = await open(newDirectory());
    await using other = await open(newDirectory());
    assert.notEqual(one.gatewayId, other.gatewayId);
  });

  it('does not give a series a number that another one has', async () => {
    const directory = newDirectory();
    for (const name of ['a', 'b', 'c']) {
      await using store = await open(directory);
      await store.append(values(1, { [name]: 1, a: 2 }));
    }
    await using store = await open(directory);
    assert.equal(store.counts().series, 3);
    const read = await collect(store.read(BEFORE_EVERYTHING, 10));
    assert.deepEqual(
      read.map(({ samples }) => samples.map(({ series }) => series.name).join()),
      ['a', 'b,a', 'c,a'],
    );
  });
});

/** Some seconds of a busy gateway. */
const APPENDED = 750;

/** Runs the appender until it has acknowledged `count` observations, and kills it; gives the last one acknowledged. */
async function appendAndKill(
  directory: string,
  durability: Durability,
  meanwhile: () => Promise<void>,
): Promise<number> {
  const script = fileURLToPath(new URL('support-appender.js', import.meta.url));
  const child = spawn(process.execPath, [script, directory, durability], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  let acknowledged = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    if (acknowledged === 0) await meanwhile();
    acknowledged = Number(line);
    if (acknowledged === APPENDED) child.kill('SIGKILL');
  }
  assert.deepEqual(await exit, [null, 'SIGKILL']);
  return acknowledged;
}

describe('the LevelDB store of a gateway that was killed', () => {
  for (const durability of ['normal', 'frugal'] as const) {
    it(`has every observation that was acknowledged, whole and counted, and belonged to that gateway alone; ${durability}`, async () => {
      const directory = newDirectory();
      const acknowledged = await appendAndKill(directory, durability, async () => {
        await assert.rejects(open(directory), failsWith('data-dir-locked', /another gateway/));
      });
      assert.ok(acknowledged >= APPENDED);

      await using store = await open(directory);
      const read = await collect(store.read(BEFORE_EVERYTHING, 1e6));
      assert.ok(read.length >= acknowledged);
      assert.deepEqual(
        read.map(({ position }) => position),
        read.map((_, index) => ({ epoch: 1, sequence: index + 1 })),
      );
      const samples = read.reduce((sum, observation) => sum + observation.samples.length, 0);
      assert.deepEqual(store.counts(), {
        ...{ samples, observations: read.length },
        ...{ series: 2, refusedSamples: 0 },
      });
      assert.deepEqual(
        store.latest().map(({ series, value }) => [series.name, value]),
        [
          ['early', 1],
          ['steady', read.length],
        ],
      );
    });
  }
});

describe('the LevelDB store, when a series is refused,', () => {
  it('says so once for each image and each series, not with each sample', async () => {
    const said: string[] = [];
    const logger = { ...SILENT, warn: (_fields: object, message: string) => void said.push(message) };
    await using store = await openLevelStore({ directory: newDirectory(), clock: CLOCK, logger });
    await store.append(values(1, { known: 1, other: 1 }));
    const changed = (name: string) => ({ series: series(name, {}, 'percent'), value: 1 });
    const odd = (name: string) => ({ series: series(name, { image: 'hello' }), value: 1 });
    const samples = [changed('known'), changed('other'), odd('a b'), odd('c d')];
    for (let at = 2; at <= 4; at += 1) await store.append(observation(at, samples));
    assert.equal(store.counts().refusedSamples, 12);
    assert.equal(said.length, 3);
    assert.match(said.join('; '), /known is in bytes.*other is in bytes.*"a b" is no name/);
  });
});

describe('the LevelDB store, when a write fails', () => {
  it('says so, and goes on as if the observation had never been offered', async () => {
    const directory = newDirectory();
    let broken = false;
    const beforeWrite = (): Promise<void> =>
      broken ? Promise.reject(new Error('ENOSPC')) : Promise.resolve();
    await using store = await open(directory, { beforeWrite });
    await store.append(values(1, { a: 1 }));
    const before = { counts: store.counts(), latest: store.latest() };
    broken = true;
    await assert.rejects(store.append(values(2, { b: 2 })), failsWith('data-dir-unusable', /ENOSPC/));
    await assert.rejects(store.put(run('1', 1)), failsWith('data-dir-unusable', /ENOSPC/));
    assert.deepEqual({ counts: store.counts(), latest: store.latest() }, before);
    broken = false;
    assert.equal((await store.append(values(3, { c: 3 }))).sequence, 2);
    assert.deepEqual(store.counts(), { samples: 2, observations: 2, series: 2, refusedSamples: 0 });
  });

  it('knows the newest samples after the next start although they could not be saved at the end', async () => {
    const directory = newDirectory();
    let broken = false;
    const beforeWrite = (): Promise<void> => (broken ? Promise.reject(new Error('EIO')) : Promise.resolve());
    const first = await open(directory, { beforeWrite });
    for (let at = 1; at <= 3; at += 1) await first.append(values(at, { a: at }));
    broken = true;
    await first[Symbol.asyncDispose]();
    await using second = await open(directory);
    assert.deepEqual(second.latest(), first.latest());
  });
});
