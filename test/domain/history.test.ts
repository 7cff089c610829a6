import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { thinned, type HistoryPoint } from '../../src/domain/index.js';

const point = (wallMs: number, value: number): HistoryPoint => ({
  ...{ wallMs, count: 1, sum: value, least: value, most: value, last: value },
});

async function* inPieces(points: readonly HistoryPoint[]): AsyncGenerator<readonly HistoryPoint[]> {
  for (let at = 0; at < points.length; at += 7) yield await Promise.resolve(points.slice(at, at + 7));
}

describe('a history for a screen', () => {
  const RANGE = { fromMs: 1000, toMs: 2000 };
  const wave = Array.from({ length: 1000 }, (_, at) =>
    point(1000 + at, at === 377 ? 99 : at === 378 ? -99 : at % 5),
  );

  it('has no more points than were asked for, and every peak', async () => {
    const points = await thinned(inPieces(wave), RANGE, 10);
    assert.deepEqual(
      points.map(({ wallMs }) => wallMs),
      [1000, 1100, 1200, 1300, 1400, 1500, 1600, 1700, 1800, 1900],
    );
    assert.deepEqual(
      points.map(({ most }) => most),
      [4, 4, 4, 99, 4, 4, 4, 4, 4, 4],
    );
    assert.deepEqual(
      points.map(({ least }) => least),
      [0, 0, 0, -99, 0, 0, 0, 0, 0, 0],
    );
    assert.equal(
      points.reduce((sum, { count }) => sum + count, 0),
      1000,
    );
  });

  it('has no point where nothing was measured', async () => {
    const points = await thinned(inPieces([point(1001, 1), point(1999, 2)]), RANGE, 100);
    assert.deepEqual(
      points.map(({ wallMs, last }) => [wallMs, last]),
      [
        [1000, 1],
        [1990, 2],
      ],
    );
    assert.deepEqual(await thinned(inPieces([]), RANGE, 100), []);
  });
});
