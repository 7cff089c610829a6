import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Level } from 'level';
import { RESOLUTIONS, seriesKey } from '../../../src/domain/index.js';
import type { Clock, HistoryPoint, HistoryRequest, Observation, Store } from '../../../src/domain/index.js';
import { BLOCK_US } from '../../../src/store/appender.js';
import type { ToolableStore } from '../../../src/store/index.js';
import * as keys from '../../../src/store/format/keys.js';
import { openLevelStore } from '../../../src/store/index.js';
import { SAMPLES_PER_OBSERVATION_MAX } from '../../../src/store/series/ledger.js';
import { failsWith } from '../../support/expect.js';
import { SILENT } from '../../support/loggers.js';
import { random } from '../../support/random.js';
import { tempFolder } from '../../support/temp.js';
import { historyOf as fetchedHistoryOf } from '../support-fetched.js';
import { observation, series } from '../support-store.js';

const folder = tempFolder('history');
const newDirectory = (): string => mkdtempSync(join(folder, 'data-'));

/** A board whose clocks the test sets. */
class Board {
  us = 7e9;
  offsetMs = 1_700_000_000_000;
  readonly clock: Clock = { monotonicUs: () => this.us, wallMs: () => this.wallMs };
  readonly #chance = random(9);

  get wallMs(): number {
    return Math.floor(this.us / 1000) + this.offsetMs;
  }

  /** What two sources say now, the second one some milliseconds ago. */
  observe(): readonly Observation[] {
    const value = (): number => Math.round(this.#chance() * 1e4) / 100;
    const at = {
      ...observation(0, [{ series: A, value: value() }]),
      monotonicUs: this.us,
      wallMs: this.wallMs,
    };
    const samples = [
      { series: B, value: value() },
      { series: A, value: this.#chance() },
    ];
    return [at, { ...at, samples, monotonicUs: this.us - 3000, wallMs: this.wallMs - 3 }];
  }
}

const A = series('a', { image: 'hostsense', zone: '"é\\{}=,' });
const B = series('b');
const BUCKETS_MS = { raw: 0, minutes: 60_000, hours: 3_600_000 } as const;
const ALWAYS = { fromMs: 0, toMs: 4e12 };

function open(directory: string, { clock }: Board): Promise<ToolableStore> {
  return openLevelStore({ directory, clock, logger: SILENT });
}

function historyOf(
  store: ToolableStore,
  request: Partial<HistoryRequest> = {},
): ReturnType<typeof fetchedHistoryOf> {
  return fetchedHistoryOf(store, { series: seriesKey(A), ...ALWAYS, resolution: 'raw', ...request });
}

/** What the points of that series should be, by what was stored. */
function expected(stored: readonly Observation[], bucketMs: number, of = A): readonly HistoryPoint[] {
  const samples = stored
    .flatMap(({ monotonicUs, samples: all }) =>
      all.filter((sample) => sample.series === of).map(({ value }) => ({ us: monotonicUs, value })),
    )
    .sort((a, b) => a.us - b.us);
  const groups = new Map<number, { readonly us: number; readonly value: number }[]>();
  for (const sample of samples) {
    const key = bucketMs === 0 ? sample.us : Math.floor(sample.us / 1000 / bucketMs) * bucketMs * 1000;
    groups.set(key, [...(groups.get(key) ?? []), sample]);
  }
  return Array.from(groups, ([us, group]) => {
    const values = group.map(({ value }) => value);
    const sum = values.reduce((total, value) => total + value, 0);
    return {
      ...{ wallMs: Math.round(us / 1000) + 1_700_000_000_000, count: values.length, sum },
      ...{ least: Math.min(...values), most: Math.max(...values), last: values.at(-1) ?? NaN },
    };
  });
}

/** Where two sources name a series, the last of either may be told. */
function withoutLast(points: readonly HistoryPoint[]): readonly HistoryPoint[] {
  return points.map((point) => ({ ...point, last: 0 }));
}

/** At every resolution. */
async function assertAllAgree(store: ToolableStore, stored: readonly Observation[]): Promise<void> {
  for (const resolution of RESOLUTIONS) {
    const bucketMs = BUCKETS_MS[resolution];
    const ofB = await historyOf(store, { resolution, series: seriesKey(B) });
    assertAgree(ofB, expected(stored, bucketMs, B));
    assertAgree(withoutLast(await historyOf(store, { resolution })), withoutLast(expected(stored, bucketMs)));
  }
}

function assertAgree(found: readonly HistoryPoint[], wanted: readonly HistoryPoint[]): void {
  const rounded = (points: readonly HistoryPoint[]): readonly HistoryPoint[] =>
    points.map((point) => ({ ...point, sum: Number(point.sum.toPrecision(10)) }));
  assert.deepEqual(rounded(found), rounded(wanted));
}

/** A sample of each source every ten seconds. */
async function fill(store: Store, board: Board, hours: number): Promise<readonly Observation[]> {
  const stored: Observation[] = [];
  for (let count = 0; count < hours * 360; count += 1) {
    const told = board.observe();
    await Promise.all(told.map((one) => store.append(one)));
    stored.push(...told);
    board.us += 1e7;
  }
  return stored;
}

describe('the history of a series', () => {
  it('agrees with what was stored at every resolution: in no block, in blocks, folded, and opened again', async () => {
    const directory = newDirectory();
    const board = new Board();
    const stored: Observation[] = [];
    for (const hours of [0.05, 0.3, 1, 2, 26]) {
      await using store = await open(directory, board);
      stored.push(...(await fill(store, board, hours)));
      await assertAllAgree(store, stored);
    }
    await using store = await open(directory, board);
    await assertAllAgree(store, stored);
  });

  it('of any range has what lies in it: the first moment, and not the last', async () => {
    const board = new Board();
    await using store = await open(newDirectory(), board);
    const whole = expected(await fill(store, board, 3), 0);
    const chance = random(4);
    for (let round = 0; round < 60; round += 1) {
      const [from = 0, to = 0] = [chance(), chance()]
        .map((part) => Math.floor(part * whole.length))
        .sort((a, b) => a - b);
      const range = { fromMs: whole[from]?.wallMs ?? 0, toMs: whole[to]?.wallMs ?? 0 };
      assertAgree(
        await historyOf(store, range),
        whole.filter(({ wallMs }) => wallMs >= range.fromMs && wallMs < range.toMs),
      );
    }
  });

  it('is read to its end once while blocks are made and folded', async () => {
    const board = new Board();
    await using store = await open(newDirectory(), board);
    const stored = [...(await fill(store, board, 0.9))];
    const points: HistoryPoint[] = [];
    for await (const chunk of store.history({ series: seriesKey(A), ...ALWAYS, resolution: 'raw' })) {
      points.push(...chunk);
      if (points.length < 200) await fill(store, board, 0.2);
    }
    const seen = expected(stored, 0);
    assertAgree(points.slice(0, seen.length), seen);
    assert.deepEqual(points, [
      ...new Map(points.map((point) => [`${point.wallMs} ${point.last}`, point])).values(),
    ]);
  });

  it('in minutes is that of its beginning while they are joined', async () => {
    const board = new Board();
    const directory = newDirectory();
    const stored: Observation[] = [];
    {
      await using store = await open(directory, board);
      stored.push(...(await fill(store, board, 1)));
    }
    await using store = await open(directory, board);
    stored.push(...(await fill(store, board, 23.5)));
    const before = expected(stored, BUCKETS_MS.minutes, B);
    const points: HistoryPoint[] = [];
    const request = { series: seriesKey(B), ...ALWAYS, resolution: 'minutes' } as const;
    let chunks = 0;
    for await (const chunk of store.history(request)) {
      chunks += 1;
      // The first is of the epoch before: the day that is joined now is still to be read.
      if (chunks === 1) await fill(store, board, 4);
      points.push(...chunk);
    }
    assertAgree(points, before);
  });

  it(`of one among ${SAMPLES_PER_OBSERVATION_MAX} in an observation is folded like any other`, async () => {
    const board = new Board();
    const directory = newDirectory();
    const names = Array.from({ length: SAMPLES_PER_OBSERVATION_MAX }, (_, index) => series(`wide_${index}`));
    {
      await using store = await open(directory, board);
      for (let at = 0; at < 20; at += 1) {
        const samples = names.map((one, index) => ({ series: one, value: index + at / 10 }));
        await store.append({ ...observation(0, samples), monotonicUs: 7e9 + at * 1e6, wallMs: board.wallMs });
      }
    }
    await using store = await open(directory, board);
    for (const [index, one] of names.entries()) {
      const [minute, ...rest] = await historyOf(store, { series: seriesKey(one), resolution: 'minutes' });
      assert.deepEqual(
        [minute?.count, minute?.least, minute?.most, minute?.last, rest],
        [20, index, index + 1.9, index + 1.9, []],
      );
    }
  });

  it('is empty for a series that nobody knows, and refused for a range that ends before it begins', async () => {
    await using store = await open(newDirectory(), new Board());
    await store.append(observation(1, [{ series: A, value: 1 }]));
    assert.deepEqual(await historyOf(store, { series: 'other' }), []);
    await assert.rejects(
      historyOf(store, { fromMs: 2, toMs: 1 }),
      failsWith('usage', /ends before it begins/),
    );
  });
});

describe('blocks of minutes', () => {
  const HOUR_US = 3600 * 1e6;
  const WIDE = Array.from({ length: 100 }, (_, index) => series(`wide_${index}`));

  async function blocksOf(directory: string): Promise<number> {
    const db = new Level<Uint8Array, Uint8Array>(join(directory, 'store'), { keyEncoding: 'view' });
    const [blocks, parts] = await Promise.all(
      (['minutes', 'minutesPart'] as const).map((family) => db.keys(keys.rangeOf(family)).all()),
    );
    await db.close();
    const places = new Set(parts?.map((key) => JSON.stringify(keys.positionOfKey(key))));
    assert.deepEqual(places, new Set(blocks?.map((key) => JSON.stringify(keys.positionOfKey(key)))));
    return blocks?.length ?? 0;
  }

  // Six hours and more are not in hours yet, and stand by themselves.
  const HOURS = 30;
  for (const [what, named, joined] of [
    ['of few series are joined once a day is in hours', [A], 1],
    ['of many series are joined as far as memory allows', WIDE, 3],
  ] as const) {
    it(`${what}, and say the same`, async () => {
      const directory = newDirectory();
      const board = new Board();
      const stored: Observation[] = [];
      {
        await using store = await open(directory, board);
        const startUs = Math.ceil(board.us / HOUR_US) * HOUR_US;
        for (let minute = 0; minute < HOURS * 60; minute += 1) {
          board.us = startUs + minute * 60e6;
          const samples = named.map((one, index) => ({ series: one, value: minute + index }));
          const one = { ...observation(0, samples), monotonicUs: board.us, wallMs: board.wallMs };
          await store.append(one);
          stored.push(one);
        }
      }
      const blocks = await blocksOf(directory);
      assert.ok(blocks > joined && blocks <= joined + HOURS - 24, `${blocks} blocks`);
      await using store = await open(directory, board);
      const [of = A] = named.slice(-1);
      for (const resolution of RESOLUTIONS) {
        const read = await historyOf(store, { resolution, series: seriesKey(of) });
        assertAgree(read, expected(stored, BUCKETS_MS[resolution], of));
      }
    });
  }
});

describe('the history of a board whose clock is set', () => {
  const HOUR_MS = 3_600_000;

  for (const [what, before] of [
    ['from 1970 forwards', 0],
    ['backwards, from a year ahead', 1_731_536_000_000],
    ['back by a leap second', 1_700_000_001_000],
  ] as const) {
    it(`${what} is in order and by the right time, before and after it was folded and opened again`, async () => {
      const directory = newDirectory();
      const board = new Board();
      const stored: Observation[] = [];
      const right = board.offsetMs;
      board.offsetMs = before;
      for (const offsetMs of [before, before, right]) {
        await using store = await open(directory, board);
        stored.push(...(await fill(store, board, 1)));
        board.offsetMs = offsetMs;
        stored.push(...(await fill(store, board, 1)));
        board.us += BLOCK_US;
      }
      await using store = await open(directory, board);
      const read = await historyOf(store);
      assertAgree(read, expected(stored, 0));
      const start = read[0]?.wallMs ?? 0;
      assert.equal((await historyOf(store, { fromMs: start, toMs: start + HOUR_MS })).length, 720);
      await assertAllAgree(store, stored);
    });
  }
});
