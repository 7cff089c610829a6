import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { HISTORY_LIMITS } from '@perigee/gatt';
import type { PackRequest } from '../../../src/domain/index.js';
import { openLevelStore } from '../../../src/store/index.js';
import type { ToolableStore } from '../../../src/store/index.js';
import { failsWith } from '../../support/expect.js';
import { SILENT } from '../../support/loggers.js';
import { tempFolder } from '../../support/temp.js';
import { fetched } from '../support-fetched.js';
import { collect, series } from '../support-store.js';

const folder = tempFolder('packing');
const NAMES = ['a', 'b', 'c'];
const START_MS = 1_700_000_000_000;
const ALL: PackRequest = { series: [], fromMs: 0, toMs: 4e12, resolution: 'raw', limits: HISTORY_LIMITS };

/** Started so many times, an hour apart, each with two minutes of samples. */
async function started(times: number): Promise<ToolableStore> {
  const directory = mkdtempSync(join(folder, 'data-'));
  let us = 1e9;
  const clock = { monotonicUs: () => us, wallMs: () => START_MS + us / 1000 };
  for (let left = times; ; left -= 1) {
    const store = await openLevelStore({ directory, clock, logger: SILENT });
    for (let second = 0; second < 120; second += 1) {
      const samples = NAMES.map((name, at) => ({ series: series(name), value: second + at }));
      await store.append({ monotonicUs: us, wallMs: Math.floor(clock.wallMs()), samples });
      us += 1e6;
    }
    if (left === 1) return store;
    await store[Symbol.asyncDispose]();
    us += 3600e6;
  }
}

describe('a pack of history', () => {
  it('of no series is of all, and of one that nobody knows is of none', async () => {
    await using store = await started(1);
    const namesIn = async (names: readonly string[]): Promise<readonly string[]> =>
      [...(await store.packHistory({ ...ALL, series: names })).series.values()].map(({ name }) => name);
    assert.deepEqual(await namesIn([]), NAMES);
    assert.deepEqual(await namesIn(['c', 'nonesuch', 'a']), ['c', 'a']);
    assert.deepEqual((await store.packHistory({ ...ALL, series: ['nonesuch'] })).blocks, []);
  });

  it('has the columns that were asked for, and no others', async () => {
    await using store = await started(2);
    const { blocks, epochs } = await store.packHistory({ ...ALL, series: ['b'] });
    const shapes = blocks.flatMap((block) => block.shapes);
    assert.deepEqual(
      shapes.map(({ columns, observations, seriesIds }) => [columns.length, observations, seriesIds.length]),
      [
        [1, 120, 1],
        [1, 120, 1],
      ],
    );
    assert.equal(epochs.length, 2);
    const whole = await store.packHistory(ALL);
    const { blocks: mostly } = await store.packHistory({ ...ALL, toMs: START_MS + 1e6 + 60_000 });
    assert.deepEqual(mostly, whole.blocks.slice(0, 1), 'a block that meets the range is there as it is kept');
  });

  it('ends at a start of the gateway that is one too many, and goes on from there', async () => {
    await using store = await started(7);
    const limits = { ...HISTORY_LIMITS, epochs: 2 };
    const { epochs, toMs } = await store.packHistory({ ...ALL, limits });
    assert.equal(epochs.length, 2);
    assert.ok(toMs > START_MS + 1e6 && toMs < START_MS + 1e6 + 2 * 3_800_000, `${toMs}`);
    const request = { ...ALL, series: 'b' };
    const points = (await collect(store.history(request))).flat();
    assert.equal(points.length, 7 * 120);
    assert.deepEqual(await fetched(store, request, limits), points);
  });

  it('is refused for more series than it takes, and for a range that ends before it begins', async () => {
    await using store = await started(1);
    const of = (request: Partial<PackRequest>): Promise<unknown> => store.packHistory({ ...ALL, ...request });
    for (const few of [{ series: 2 }, { shapes: 0 }, { values: 3 }, { bytes: 100 }])
      await assert.rejects(
        of({ fromMs: START_MS + 1e6, limits: { ...HISTORY_LIMITS, ...few } }),
        failsWith('usage', /more series than one snapshot takes/),
        JSON.stringify(few),
      );
    await assert.rejects(of({ fromMs: 2, toMs: 1 }), failsWith('usage', /ends before it begins/));
  });
});
