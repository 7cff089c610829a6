import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ByteWriter, ColumnEncoder } from '@perigee/columns';
import { decodeHistory, encodeHistory, History, HISTORY_LIMITS } from '@perigee/gatt';
import type { HistoryBlock, HistorySeries, PackedHistory } from '@perigee/gatt';
import { random32 } from '../support/random.js';
import { hex, unhex, vectors } from './support-vectors.js';

interface Vectors {
  readonly histories: readonly {
    readonly name: string;
    readonly bytes: string;
    readonly gatewayId: string;
    readonly resolution: string;
    readonly fromMs: number;
    readonly toMs: number;
    readonly series: Readonly<Record<string, HistorySeries>>;
    readonly points: Readonly<Record<string, readonly (readonly number[])[]>>;
  }[];
  readonly refused: readonly { readonly why: string; readonly bytes: string }[];
}

const { histories, refused } = vectors('history.json') as Vectors;

/** Unix time, count, sum, least, most, last. */
async function pointsOf(history: History, series: number): Promise<readonly (readonly number[])[]> {
  const points: (readonly number[])[] = [];
  for await (const some of history.points(series))
    for (const { count, last, least, most, sum, wallMs } of some)
      // 0 and -0 are one number in JSON.
      points.push([wallMs, count, sum, least, most, last].map((number) => number + 0));
  return points;
}

describe('a history', () => {
  for (const { bytes, name, points, series, ...about } of histories) {
    it(`of the vectors is read and written: ${name}`, async () => {
      const history = History.read(unhex(bytes)) ?? assert.fail('it is one');
      const { fromMs, gatewayId, resolution, toMs } = history.packed;
      assert.deepEqual({ gatewayId, resolution, fromMs, toMs }, about);
      assert.deepEqual(Object.fromEntries(history.packed.series), series);
      for (const [id, wanted] of Object.entries(points))
        assert.deepEqual(await pointsOf(history, Number(id)), wanted);
      assert.deepEqual(await pointsOf(history, 1000), [], 'of a series that is not in it');
      assert.equal(hex(encodeHistory(history.packed)), bytes);
    });

    it(`that was cut short anywhere is none: ${name}`, () => {
      const whole = unhex(bytes);
      for (let end = 0; end < whole.length; end += 1)
        assert.equal(decodeHistory(whole.subarray(0, end)), undefined, `cut at ${end}`);
    });
  }

  for (const { bytes, why } of refused)
    it(`is none: ${why}`, () => assert.equal(decodeHistory(unhex(bytes)), undefined));
});

describe('a gateway that sends what it likes', () => {
  it('flips bits: what is read comes to an end, and has no more values than are allowed', async () => {
    const next = random32(5);
    let read = 0;
    for (let round = 0; round < 20_000; round += 1) {
      const { bytes = '', points = {} } = histories[round % histories.length] ?? {};
      const whole = unhex(bytes);
      for (let flips = 1 + (next() % 3); flips > 0; flips -= 1) {
        const at = next() % whole.length;
        whole[at] = (whole[at] ?? 0) ^ (1 << (next() % 8));
      }
      const history = History.read(whole);
      if (history === undefined) continue;
      read += 1;
      for (const id of Object.keys(points)) await pointsOf(history, Number(id));
    }
    assert.ok(read > 1000, 'some of it is a history all the same');
  });

  it('claims more than may be in memory', () => {
    const bytes = histories[0]?.bytes ?? '';
    const { blocks, ...about } = decodeHistory(unhex(bytes)) ?? assert.fail('it is one');
    const [block] = blocks;
    assert.ok(block);
    const of = (changed: Partial<PackedHistory>): PackedHistory | undefined =>
      decodeHistory(encodeHistory({ ...about, blocks, ...changed }));
    const many = (count: number, one: HistoryBlock): readonly HistoryBlock[] =>
      new Array<HistoryBlock>(count).fill(one);
    const half = constant(HISTORY_LIMITS.values / 4);
    assert.notEqual(of({ blocks: many(2, half) }), undefined);
    assert.equal(of({ blocks: [...many(2, half), block] }), undefined, 'values');
    assert.notEqual(of({ blocks: many(HISTORY_LIMITS.shapes, constant(1)) }), undefined);
    assert.equal(of({ blocks: many(HISTORY_LIMITS.shapes + 1, constant(1)) }), undefined, 'shapes');
    const [epoch] = about.epochs;
    assert.ok(epoch);
    const epochs = Array.from({ length: HISTORY_LIMITS.epochs + 1 }, () => epoch);
    assert.equal(of({ epochs }), undefined, 'epochs');
    const series = new Map(
      Array.from({ length: HISTORY_LIMITS.series + 1 }, (_, id) => [id, named(`s${id}`)]),
    );
    assert.equal(of({ series }), undefined, 'series');
    const long = new Map([[1, named('x'.repeat(HISTORY_LIMITS.bytes))]]);
    assert.equal(of({ series: long }), undefined, 'bytes');
  });

  it('says of its epochs what would be read for ever', async () => {
    const epochs = Array.from({ length: 1000 }, (_, epoch) => ({
      epoch,
      fromUs: 0,
      toUs: 2 ** 52,
      offsetMs: 0,
    }));
    const blocks = epochs.map(({ epoch }) => ({ ...constant(1000), epoch }));
    const bytes = encodeHistory({
      ...{ gatewayId: '', resolution: 'raw', fromMs: 0, toMs: 4e12, epochs, blocks },
      series: new Map([[0, named('s')]]),
    });
    const history = History.read(bytes) ?? assert.fail('it is one');
    await assert.rejects(pointsOf(history, 0), RangeError);
  });
});

const named = (name: string): HistorySeries => ({ name, unit: 'none', labels: {} });

/** Of one series that never changes, at times that never do. */
function constant(observations: number): HistoryBlock {
  const writer = new ByteWriter();
  new ColumnEncoder(observations).encode(writer, new Float64Array(observations));
  const column = writer.finish();
  const shape = { observations, seriesIds: [0], times: column, columns: [column] };
  return { resolution: 'raw', epoch: 3, shapes: [shape] };
}
