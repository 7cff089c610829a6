import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Level } from 'level';
import type { HistoryPoint, HistoryRequest } from '../../../src/domain/index.js';
import * as keys from '../../../src/store/format/keys.js';
import { openLevelStore } from '../../../src/store/index.js';
import type { ToolableStore } from '../../../src/store/index.js';
import { SILENT } from '../../support/loggers.js';
import { tempFolder } from '../../support/temp.js';
import { historyOf as fetchedHistoryOf } from '../support-fetched.js';
import { series } from '../support-store.js';

const folder = tempFolder('overlap');
const A = series('a');

/** A board whose clocks the test sets. */
interface Board {
  us: number;
  readonly offsetMs: number;
}

function open(directory: string, board: Board = { us: 1e9, offsetMs: 0 }): Promise<ToolableStore> {
  const clock = { monotonicUs: () => board.us, wallMs: () => wallMsOf(board) };
  return openLevelStore({ directory, clock, logger: SILENT });
}

function wallMsOf({ us, offsetMs }: Board): number {
  return us / 1000 + offsetMs;
}

function historyOf(
  store: ToolableStore,
  request: Partial<HistoryRequest> = {},
): Promise<readonly HistoryPoint[]> {
  return fetchedHistoryOf(store, { series: 'a', fromMs: 0, toMs: 4e12, resolution: 'raw', ...request });
}

describe('the history of boots that overlap in wall time, as their clocks were never set', () => {
  const START_MS = 1_767_225_600_000;

  /** Makes the newest epoch one of a boot of its own. */
  async function reboot(directory: string): Promise<void> {
    const db = new Level<Uint8Array, string>(join(directory, 'store'), { keyEncoding: 'view' });
    const [found] = await db.iterator({ ...keys.rangeOf('epoch'), reverse: true, limit: 1 }).all();
    assert.ok(found);
    await db.put(found[0], JSON.stringify({ ...(JSON.parse(found[1]) as object), boot: String(found[0]) }));
    await db.close();
  }

  /** A sample every ten seconds in each of the spans: first minute, and minutes. */
  async function boots(spans: readonly (readonly [from: number, minutes: number])[]): Promise<string> {
    const directory = mkdtempSync(join(folder, 'data-'));
    for (const [boot, [from, minutes]] of spans.entries()) {
      // Minutes of wall time and of the boot are the same.
      const board = { us: (boot + 1) * 60e6, offsetMs: START_MS + (from - boot - 1) * 60_000 };
      {
        await using store = await open(directory, board);
        for (let at = 0; at < minutes * 6; at += 1) {
          const value = boot * 10_000 + at;
          const times = { monotonicUs: board.us, wallMs: wallMsOf(board) };
          await store.append({ ...times, samples: [{ series: A, value }] });
          board.us += 1e7;
        }
      }
      await reboot(directory);
    }
    return directory;
  }

  const YEARS_BEFORE = -START_MS / 60_000;

  /** What is to be seen at each moment, by a count of it for each. */
  function wanted(spans: readonly (readonly [number, number])[], bucketMs: number): Map<number, number> {
    const counts = new Map<number, number>();
    for (const [from, minutes] of spans)
      for (let at = 0; at < minutes * 6; at += 1) {
        const ms = START_MS + from * 60_000 + at * 10_000;
        const startMs = bucketMs === 0 ? ms : Math.floor(ms / bucketMs) * bucketMs;
        counts.set(startMs, (counts.get(startMs) ?? 0) + 1);
      }
    return new Map([...counts].sort(([a], [b]) => a - b));
  }

  for (const [what, spans] of [
    [
      'three, of which one is in 1970',
      [
        [0, 10],
        [YEARS_BEFORE, 5],
        [5, 10],
      ],
    ],
    [
      'one within another, and one that begins as another ends',
      [
        [0, 200],
        [30, 100],
        [200, 20],
        [60, 1],
      ],
    ],
    [
      'a dozen in 1970',
      Array.from({ length: 12 }, (_, index) => [YEARS_BEFORE + index, 30 + index] as const),
    ],
  ] as const satisfies readonly (readonly [string, readonly (readonly [number, number])[]])[]) {
    it(`is in order, and each minute comes once: ${what}`, async () => {
      await using store = await open(await boots(spans));
      const raw = await historyOf(store);
      const times = raw.map(({ wallMs }) => wallMs);
      assert.deepEqual(
        times,
        times.toSorted((a, b) => a - b),
      );
      const samples = spans.reduce((sum, [, minutes]) => sum + minutes * 6, 0);
      assert.equal(new Set(raw.map(({ last }) => last)).size, samples);
      assert.equal(raw.length, samples);
      const minutes = await historyOf(store, { resolution: 'minutes' });
      assert.deepEqual(
        minutes.map(({ wallMs, count }) => [wallMs, count]),
        [...wanted(spans, 60_000)],
      );
      const range = { fromMs: START_MS + 7 * 60_000, toMs: START_MS + 9 * 60_000 };
      assert.deepEqual(
        await historyOf(store, range),
        raw.filter(({ wallMs }) => wallMs >= range.fromMs && wallMs < range.toMs),
      );
    });
  }

  it('is in order by hours, where these begin at other times in each', async () => {
    const spans = [
      [0, 300],
      [20, 300],
      [YEARS_BEFORE + 60, 100],
    ] as const;
    await using store = await open(await boots(spans));
    const hours = await historyOf(store, { resolution: 'hours' });
    const times = hours.map(({ wallMs }) => wallMs);
    assert.deepEqual(
      times,
      [...new Set(times)].sort((a, b) => a - b),
    );
    assert.equal(
      hours.reduce((sum, { count }) => sum + count, 0),
      700 * 6,
    );
  });
});
