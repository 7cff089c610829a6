import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BEFORE_EVERYTHING } from '../../src/domain/index.js';
import type { Loss, Observation, Sample, Store } from '../../src/domain/index.js';
import { LABELS_MAX, SAMPLES_PER_OBSERVATION_MAX } from '../../src/store/series/ledger.js';
import { SERIES_MAX, SERIES_PER_IMAGE_MAX } from '../../src/store/series/series-limits.js';
import { collect, observation, run, series, values } from '../store/support-store.js';
import { failsWith } from '../support/expect.js';
import { accessContract } from './access-contract.js';
import { journalContract } from './journal-contract.js';
import type { WithStore } from './journal-contract.js';
import { scheduleContract } from './schedule-contract.js';

/** What every Store does; `open` gives an empty one. */
export function storeContract(name: string, open: () => Promise<Store>): void {
  const withStore = (claim: string, test: (store: Store) => Promise<void>): void => {
    void it(claim, async () => {
      await using store = await open();
      await test(store);
    });
  };
  describe(`${name} as a writer`, () => writerContract(withStore));
  describe(`${name} as a reader`, () => readerContract(withStore));
  describe(`${name} as a journal of runs`, () => journalContract(withStore));
  describe(`${name} as a keeper of schedules`, () => scheduleContract(withStore));
  describe(`${name} as a keeper of technicians`, () => accessContract(withStore));
  describe(`${name} as a keeper of cursors`, () => cursorContract(withStore));
  describe(`${name} as a record of losses`, () => lossContract(withStore));
}

function writerContract(withStore: WithStore): void {
  withStore('gives each observation the next place, also to those that nobody waited for', async (store) => {
    const places = await Promise.all([1, 2, 3, 4].map((at) => store.append(values(at, { a: at }))));
    assert.deepEqual(
      places,
      [1, 2, 3, 4].map((sequence) => ({ epoch: store.epoch, sequence })),
    );
  });

  withStore(`takes ${SAMPLES_PER_OBSERVATION_MAX} samples at once, and not one more`, async (store) => {
    const wide = (count: number): Observation =>
      observation(
        1,
        Array.from({ length: count }, (_, index) => ({ series: series(`m${index}`), value: index })),
      );
    await store.append(wide(SAMPLES_PER_OBSERVATION_MAX));
    await assert.rejects(
      store.append(wide(SAMPLES_PER_OBSERVATION_MAX + 1)),
      failsWith('store-refused', /257 samples/),
    );
  });

  withStore('refuses a time between microseconds, and is as it was', async (store) => {
    await store.append(values(1, { known: 1 }));
    const before = { counts: store.counts(), latest: store.latest() };
    const refused = { ...values(2, { known: 2 }), monotonicUs: 0.5 };
    await assert.rejects(store.append(refused), failsWith('store-refused', /no whole numbers/));
    assert.deepEqual({ counts: store.counts(), latest: store.latest() }, before);
    assert.equal((await store.append(values(2, { known: 2 }))).sequence, 2);
  });

  const labels = Object.fromEntries(Array.from({ length: LABELS_MAX + 1 }, (_, index) => [`l${index}`, '']));
  const one = (...of: Parameters<typeof series>): Sample => ({ series: series(...of), value: 1 });
  const odd: Readonly<Record<string, Sample>> = {
    'a known series in another unit': one('known', {}, 'percent'),
    'a new series in a second unit': one('new', {}, 'count'),
    'a value that is no number': { ...one('known'), value: NaN },
    'a new series without a number': { ...one('other'), value: Infinity },
    'a name with a space': one('a b'),
    'an endless name': one('a'.repeat(65)),
    'a label with a capital': one('a', { Image: 'x' }),
    'an endless label': one('a', { image: 'x'.repeat(129) }),
    'too many labels': one('a', labels),
  };
  for (const [what, sample] of Object.entries(odd)) {
    withStore(`leaves out ${what}, counts it, and stores the rest`, async (store) => {
      await store.append(values(1, { known: 1 }));
      const good = values(2, { new: 2, known: 2 }).samples;
      for (const at of [2, 3]) await store.append(observation(at, [...good, sample]));
      const [, ...read] = await collect(store.read(BEFORE_EVERYTHING, 10));
      assert.deepEqual(
        read.map(({ samples }) => samples),
        [good, good],
      );
      assert.deepEqual(store.counts(), { samples: 5, observations: 3, series: 2, refusedSamples: 2 });
      assert.equal(store.latest().length, 2);
    });
  }

  withStore(`gives an image ${SERIES_PER_IMAGE_MAX} series, and every other image as many`, async (store) => {
    const named = (image: string, name: string): Sample => one(name, { image });
    const half = SERIES_PER_IMAGE_MAX / 2;
    const batch = (image: string, first: number): Sample[] =>
      Array.from({ length: half + 1 }, (_, index) => named(image, `m${first + index}`));
    for (const first of [0, half + 1, 3 * half]) await store.append(observation(1, batch('greedy', first)));
    assert.equal(store.counts().series, SERIES_PER_IMAGE_MAX);
    assert.equal(store.counts().refusedSamples, half + 3);
    const mixed = [named('greedy', 'more'), named('greedy', 'm0'), named('modest', 'more'), one('ours')];
    await store.append(observation(2, mixed));
    const read = await collect(store.read(BEFORE_EVERYTHING, 10));
    assert.deepEqual(read.at(-1)?.samples, mixed.slice(1));
    assert.equal(store.counts().series, SERIES_PER_IMAGE_MAX + 2);
  });

  withStore(`takes ${SERIES_MAX} series, and not one more`, async (store) => {
    const width = 250;
    for (let first = 0; first < SERIES_MAX; first += width) {
      const names = Array.from({ length: width }, (_, index) => [`m${first + index}`, 1]);
      await store.append(values(1, Object.fromEntries(names) as Record<string, number>));
    }
    assert.equal(store.counts().series, SERIES_MAX);
    await store.append(values(2, { m0: 2, one_more: 1 }));
    assert.deepEqual(store.counts(), {
      ...{ samples: SERIES_MAX + 1, observations: SERIES_MAX / width + 1 },
      ...{ series: SERIES_MAX, refusedSamples: 1 },
    });
  });

  withStore('takes nothing more once it is closed, and can be closed twice', async (store) => {
    await store[Symbol.asyncDispose]();
    await assert.rejects(store.append(values(1, { a: 1 })), /closed store/);
    await store[Symbol.asyncDispose]();
  });
}

function readerContract(withStore: WithStore): void {
  withStore('gives back exactly what was appended, in order', async (store) => {
    const first: Observation = {
      monotonicUs: 2 ** 45 + 1,
      wallMs: -5,
      runId: run('1', 0).id,
      samples: [
        { series: series('a', { image: 'hostsense', zone: '"é{}=,' }, 'celsius'), value: -0.1 },
        { series: series('a', { image: 'other' }, 'bytes-per-second'), value: Number.MAX_VALUE },
      ],
    };
    const second = observation(0, []);
    const places = [await store.append(first), await store.append(second)];
    const read = await collect(store.read(BEFORE_EVERYTHING, 10));
    assert.deepEqual(read, [
      { ...first, position: places[0] },
      { ...second, position: places[1] },
    ]);
  });

  withStore('reads what lies behind a position, as much as was asked for', async (store) => {
    for (let at = 1; at <= 300; at += 1) await store.append(values(at, { a: at }));
    const { epoch } = store;
    const from = async (sequence: number, limit: number): Promise<readonly number[]> =>
      (await collect(store.read({ epoch, sequence }, limit))).map(({ position }) => position.sequence);
    assert.deepEqual(await from(0, 2), [1, 2]);
    assert.deepEqual(await from(254, 3), [255, 256, 257]);
    assert.deepEqual(await from(299, 10), [300]);
    assert.deepEqual(await from(300, 10), []);
    assert.deepEqual(await from(0, 0), []);
    assert.deepEqual(await collect(store.read({ epoch: epoch + 1, sequence: 0 }, 10)), []);
    assert.equal((await collect(store.read({ epoch: epoch - 1, sequence: 1e9 }, 1000))).length, 300);
  });

  withStore('lets a reader stop early', async (store) => {
    for (let at = 1; at <= 3; at += 1) await store.append(values(at, { a: at }));
    for await (const { position } of store.read(BEFORE_EVERYTHING, 10)) {
      assert.equal(position.sequence, 1);
      break;
    }
    await store.append(values(4, { a: 4 }));
  });

  withStore('knows the newest sample of every series, whatever the clocks said', async (store) => {
    const { id } = run('7', 0);
    await store.append({ ...values(9, { a: 1, b: 1 }), runId: id });
    await store.append(values(5, { b: 2, c: 2 }));
    const wallMs = 1_700_000_000_000;
    assert.deepEqual(store.latest(), [
      { series: series('a'), value: 1, wallMs: wallMs + 9, runId: id },
      { series: series('b'), value: 2, wallMs: wallMs + 5 },
      { series: series('c'), value: 2, wallMs: wallMs + 5 },
    ]);
  });

  withStore('counts what it holds', async (store) => {
    assert.deepEqual(store.counts(), { samples: 0, observations: 0, series: 0, refusedSamples: 0 });
    await store.append(values(1, { a: 1, b: 1 }));
    await store.append(values(2, { b: 2 }));
    assert.deepEqual(store.counts(), { samples: 3, observations: 2, series: 2, refusedSamples: 0 });
  });
}

function lossContract(withStore: WithStore): void {
  const full = (count: number, fromMs: number): Loss => ({
    ...{ reason: 'disk-full', what: 'observations', count, epoch: 1 },
    times: { fromMs, toMs: fromMs },
  });

  withStore('has lost nothing at first', (store) => {
    assert.deepEqual(store.losses(BEFORE_EVERYTHING), []);
    return Promise.resolve();
  });

  withStore('joins what follows within a minute, and gives what changed behind a place', (store) => {
    for (const [count, atMs] of [
      [1, 1000],
      [2, 50_000],
      [4, 500_000],
    ] as const)
      store.noteLoss(full(count, atMs));
    const told = store.losses(BEFORE_EVERYTHING);
    assert.deepEqual(
      told.map(({ count, times }) => ({ count, times })),
      [
        { count: 3, times: { fromMs: 1000, toMs: 50_000 } },
        { count: 4, times: { fromMs: 500_000, toMs: 500_000 } },
      ],
    );
    assert.deepEqual(store.losses(told[0]?.position ?? BEFORE_EVERYTHING), told.slice(1));
    store.noteLoss(full(8, 520_000));
    const changed = store.losses(told[1]?.position ?? BEFORE_EVERYTHING);
    assert.deepEqual(
      changed.map(({ count, born }) => ({ count, born })),
      [{ count: 12, born: told[1]?.born }],
    );
    return Promise.resolve();
  });
}

function cursorContract(withStore: WithStore): void {
  withStore('begins before everything, and remembers', async (store) => {
    assert.deepEqual(await store.cursor('sync'), BEFORE_EVERYTHING);
    const far = { epoch: 2 ** 32 - 1, sequence: 2 ** 50 };
    await store.setCursor('sync', far);
    await store.setCursor('other', { epoch: 1, sequence: 2 });
    assert.deepEqual(await store.cursor('sync'), far);
    assert.deepEqual(await store.cursor('other'), { epoch: 1, sequence: 2 });
  });

  withStore('refuses a name that is none, and a position that is none', async (store) => {
    await assert.rejects(store.cursor('no name'), /cursor is named/);
    await assert.rejects(store.setCursor('', BEFORE_EVERYTHING), /cursor is named/);
    await assert.rejects(store.setCursor('sync', { epoch: 1, sequence: 0.5 }), /whole number/);
    await assert.rejects(store.setCursor('sync', { epoch: 2 ** 32, sequence: 1 }), /32 bits/);
  });
}
