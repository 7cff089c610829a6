import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Level } from 'level';
import { BEFORE_EVERYTHING } from '../../../src/domain/index.js';
import type { Clock, HistoryPoint, Logger, Resolution, Store } from '../../../src/domain/index.js';
import { decodeFloors } from '../../../src/store/blocks/floors.js';
import { recordedBefore } from '../../../src/store/epochs/age.js';
import * as keys from '../../../src/store/format/keys.js';
import { openLevelStore } from '../../../src/store/index.js';
import type { LevelStoreOptions } from '../../../src/store/index.js';
import { SILENT } from '../../support/loggers.js';
import { random } from '../../support/random.js';
import { tempFolder } from '../../support/temp.js';
import { collect, run, series } from '../support-store.js';

const folder = tempFolder('retention');
const HOUR_US = 3600 * 1e6;
const A = series('a');
const DROPPED = 'the oldest was dropped';

describe('the age of what was recorded', () => {
  const epochs = [
    { epoch: 1, fromUs: 0, toUs: 100 },
    { epoch: 3, fromUs: 50, toUs: 80 },
    { epoch: 4, fromUs: 7, toUs: 7 },
    { epoch: 9, fromUs: 1000, toUs: 1010 },
  ];
  const cases = [
    [5, { epoch: 9, us: 1005 }],
    [10, { epoch: 3, us: 80 }],
    [39, { epoch: 3, us: 51 }],
    [40, { epoch: 1, us: 100 }],
    [140, undefined],
    [Infinity, undefined],
  ] as const;
  for (const [keepUs, expected] of cases) {
    it(`counts ${keepUs} back through the times that were recorded, and through nothing in between`, () => {
      assert.deepEqual(recordedBefore(epochs, keepUs), expected);
    });
  }
});

/** What a test waits for: 'dropped' when the logger is told so, or whatever else the test resolves it with. */
function later(): {
  readonly promise: Promise<string>;
  readonly resolve: (how: string) => void;
  readonly logger: Logger;
} {
  let resolve: (how: string) => void = () => undefined;
  const promise = new Promise<string>((go) => (resolve = go));
  const info = (_: object, text: string): void => {
    if (text.includes(DROPPED)) resolve('dropped');
  };
  return { promise, resolve, logger: { ...SILENT, info } };
}

/** A board that records one sample an hour, and with it a block. */
class Board {
  readonly directory = mkdtempSync(join(folder, 'data-'));
  us = 0;
  wallOffsetMs = 1_700_000_000_000;
  readonly clock: Clock = {
    monotonicUs: () => this.us,
    wallMs: () => this.wallOffsetMs + Math.floor(this.us / 1000),
  };

  open(options: Partial<LevelStoreOptions> = {}): Promise<Store> {
    const { clock, directory } = this;
    return openLevelStore({ directory, clock, logger: SILENT, dropsOld: true, ...options });
  }

  async record(store: Store, hours: number): Promise<void> {
    for (let left = hours; left > 0; left -= 1) {
      const [monotonicUs, wallMs] = [this.us, this.clock.wallMs()];
      await store.append({ monotonicUs, wallMs, samples: [{ series: A, value: this.us / HOUR_US }] });
      this.us += HOUR_US;
    }
  }

  /** Opens the store, waits until it has dropped what it drops, and closes it. */
  async tidy(options: Partial<LevelStoreOptions>): Promise<void> {
    const { promise, logger } = later();
    const store = await this.open({ ...options, logger });
    await promise;
    await store[Symbol.asyncDispose]();
  }
}

async function hoursOf(store: Store, resolution: Resolution): Promise<readonly number[]> {
  const points: HistoryPoint[] = [];
  for await (const chunk of store.history({ series: 'a', fromMs: 0, toMs: 4e12, resolution }))
    points.push(...chunk);
  return points.map(({ last }) => last);
}

/** Whole numbers from the first to the last. */
const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** How many keys there are of blocks and of their parts. */
async function keysLeft(directory: string): Promise<{ readonly raw: number; readonly clearing: boolean }> {
  const options = { keyEncoding: 'view', valueEncoding: 'view' } as const;
  const db = new Level<Uint8Array, Uint8Array>(join(directory, 'store'), options);
  const count = async (range: keys.KeyRange): Promise<number> => (await db.keys(range).all()).length;
  const raw = (await count(keys.rangeOf('block'))) + (await count(keys.rangeOf('part')));
  const { clearing } = decodeFloors(await db.get(keys.FLOORS_KEY));
  await db.close();
  return { raw, clearing };
}

const DAYS = 6;
const HOURS = 24 * DAYS;

describe('the retention of the store', () => {
  it('drops samples older than is kept, and nothing of their minutes and hours', async () => {
    const board = new Board();
    {
      await using store = await board.open();
      await board.record(store, HOURS);
    }
    await board.tidy({ keepRawDays: 2 });
    await using store = await board.open();
    const kept = await hoursOf(store, 'raw');
    assert.deepEqual(kept, range(HOURS - kept.length, HOURS - 1));
    assert.ok(kept.length >= 48 && kept.length <= 50, `${kept.length} hours are kept`);
    for (const resolution of ['minutes', 'hours'] as const)
      assert.deepEqual(await hoursOf(store, resolution), range(0, HOURS - 1));
    const read = await collect(store.read(BEFORE_EVERYTHING, 1000));
    assert.equal(read.length, kept.length);
    assert.equal(store.counts().observations, HOURS, 'counts are of all that was recorded');
  });

  it('drops minutes only where there are hours, and drops hours too', async () => {
    const board = new Board();
    {
      await using store = await board.open();
      await board.record(store, HOURS);
    }
    await board.tidy({ keepRawDays: 1, keepMinutesDays: 2, keepHoursDays: 3 });
    await using store = await board.open();
    const [raw, minutes, hours] = await Promise.all(
      (['raw', 'minutes', 'hours'] as const).map((resolution) => hoursOf(store, resolution)),
    );
    assert.ok(raw && minutes && hours);
    for (const [kept, least] of [
      [raw, 24],
      [minutes, 48],
      [hours, 72],
    ] as const) {
      assert.deepEqual(kept, range(HOURS - kept.length, HOURS - 1));
      assert.ok(kept.length >= least, `${kept.length} of ${least} are kept`);
    }
  });

  it('drops nothing for a wall clock that leaps ahead by years, nor for years without recording', async () => {
    const board = new Board();
    {
      await using store = await board.open();
      await board.record(store, 36);
      board.wallOffsetMs += 20 * 365 * 86_400_000;
      await board.record(store, 6);
    }
    board.us += 5000 * 24 * HOUR_US;
    await using store = await board.open({ keepRawDays: 2, keepMinutesDays: 2, keepHoursDays: 2 });
    await board.record(store, 6);
    assert.equal((await hoursOf(store, 'raw')).length, 48);
  });

  it('ends as if nothing had happened, whatever write it was that failed', async () => {
    const recorded = new Board();
    {
      await using store = await recorded.open();
      await recorded.record(store, HOURS);
    }
    await recorded.tidy({ keepRawDays: 2 });
    const expected = await keysLeft(recorded.directory);
    assert.equal(expected.clearing, false);
    for (let fails = 0; ; fails += 1) {
      const board = new Board();
      {
        await using store = await board.open();
        await board.record(store, HOURS);
      }
      let writes = 0;
      const { promise: failed, resolve, logger: dropping } = later();
      const logger = {
        ...dropping,
        warn: (_: object, text: string) => text.includes('is dropped later') && resolve('failed'),
      };
      let isOpen = false;
      const beforeWrite = async (): Promise<void> => {
        if (isOpen && (writes += 1) > fails) await Promise.reject(new Error('EIO: i/o error, write'));
      };
      const store = await board.open({ keepRawDays: 2, logger, faults: { beforeWrite } });
      isOpen = true;
      const end = await failed;
      isOpen = false;
      await store[Symbol.asyncDispose]();
      if (end === 'dropped') break;
      await board.tidy({ keepRawDays: 2 });
      assert.deepEqual(await keysLeft(board.directory), expected, `after ${fails} writes`);
    }
  });

  it('drops the oldest samples of too many bytes, frees their space, and holds up no reader or writer', async () => {
    const board = new Board();
    const chance = random(5);
    const names = Array.from({ length: 250 }, (_, index) => series(`m${index}`));
    const observe = async (store: Store, seconds: number): Promise<void> => {
      for (let at = 0; at < seconds; at += 1) {
        const samples = names.map((one) => ({ series: one, value: chance() }));
        await store.append({ monotonicUs: board.us, wallMs: board.clock.wallMs(), samples });
        board.us += 1e6;
      }
    };
    {
      await using store = await board.open();
      await observe(store, 9000);
    }
    const bytes = (): number => {
      const path = join(board.directory, 'store');
      return readdirSync(path).reduce((sum, name) => sum + statSync(join(path, name)).size, 0);
    };
    const maxMib = 24;
    assert.ok(bytes() > maxMib * 2 ** 20, `${bytes()} bytes are too few`);
    const { promise: dropped, logger: dropping } = later();
    const said: string[] = [];
    const logger = { ...dropping, error: (_: object, text: string) => void said.push(text) };
    {
      await using store = await board.open({ maxMib, logger });
      const meanwhile = collect(store.read(BEFORE_EVERYTHING, 1e6));
      await observe(store, 60);
      await dropped;
      const ofFirst = (await meanwhile).filter(({ position }) => position.epoch === 1);
      const [first] = await collect(store.read(BEFORE_EVERYTHING, 1));
      assert.ok(
        first?.position.epoch === 1 && first.position.sequence > 1000,
        JSON.stringify(first?.position),
      );
      const newest = ofFirst.slice(-1000).map(({ position }) => position.sequence);
      assert.deepEqual(newest, range(8001, 9000), 'a reader reads on');
      assert.deepEqual([said, store.losses(BEFORE_EVERYTHING)], [[], []], 'nothing looked damaged');
    }
    assert.ok(bytes() <= maxMib * 2 ** 20, `${bytes()} bytes are left`);
  });

  it('tells what it dropped before it was sent, by range, and nothing of what was sent', async () => {
    const board = new Board();
    const followers = { observations: 'backend', runs: 'backend-runs' };
    {
      await using store = await board.open();
      await board.record(store, HOURS);
      await store.setCursor('backend', { epoch: store.epoch, sequence: 10 });
    }
    await board.tidy({ keepRawDays: 2, followers });
    await using store = await board.open();
    const [first] = await collect(store.read(BEFORE_EVERYTHING, 1));
    const last = (first?.position.sequence ?? NaN) - 1;
    const told = store
      .losses(BEFORE_EVERYTHING)
      .map(({ reason, count, sequences }) => ({ reason, count, sequences }));
    assert.deepEqual(told, [{ reason: 'retention', count: last - 10, sequences: { first: 11, last } }]);
  });

  it('keeps the newest runs, and those that go on, and tells which were not sent', async () => {
    const board = new Board();
    const ended = { state: { kind: 'ended', reason: { kind: 'completed' } } } as const;
    const followers = { observations: 'backend', runs: 'backend-runs' };
    {
      await using store = await board.open();
      for (let n = 1; n <= 40; n += 1) await store.put(run(String(n), n, n === 3 ? {} : ended));
      const [, , , , sent] = await store.changedRuns(BEFORE_EVERYTHING, 5);
      await store.setCursor('backend-runs', sent?.position ?? BEFORE_EVERYTHING);
    }
    await using store = await board.open({ keepRuns: 20, followers });
    const ids = async (): Promise<readonly number[]> =>
      (await store.list(100)).map(({ requestedAtMs }) => requestedAtMs);
    while ((await ids()).length === 40) await new Promise(setImmediate);
    assert.deepEqual(
      (await ids()).toSorted((a, b) => a - b),
      [3, ...range(21, 40)],
    );
    assert.equal(await store.get(run('1', 1).id), undefined);
    const [loss] = store.losses(BEFORE_EVERYTHING);
    assert.deepEqual([loss?.what, loss?.reason, loss?.count], ['runs', 'retention', 15]);
  });

  it('takes as many series as it was told to, in all and of one image', async () => {
    const board = new Board();
    await using store = await board.open({ maxSeries: 5, maxSeriesPerImage: 2 });
    const named = [1, 2, 3].flatMap((n) => [series(`a${n}`, { image: 'greedy' }), series(`b${n}`)]);
    const samples = [...named, series('c')].map((one) => ({ series: one, value: 1 }));
    await store.append({ monotonicUs: 1, wallMs: 1, samples });
    const { series: taken, refusedSamples } = store.counts();
    assert.deepEqual({ taken, refusedSamples }, { taken: 5, refusedSamples: 2 });
  });
});
