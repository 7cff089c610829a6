import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Air } from '../../src/air/index.js';
import { seriesKey } from '../../src/domain/index.js';
import { fetchHistory, pointsOf } from '../../src/nearby/index.js';
import type { HistoryAsked, TransferNews, Visit } from '../../src/nearby/index.js';
import { BLENO_DRIVERS } from '../../src/radio/index.js';
import { collect } from '../store/support-store.js';
import { tempFolder } from '../support/temp.js';
import { Board, SECONDS, SERIES } from './support-board.js';

const folder = tempFolder('transfers');
const NAMES = SERIES.map(seriesKey);

/** All that it has, so far. */
const all = ({ nowMs }: Board): HistoryAsked => ({
  series: NAMES,
  fromMs: 0,
  toMs: nowMs + 1,
  resolution: 'raw',
});

/** A visit that can be broken off, and what became of it. */
interface Breakable {
  readonly visit: () => Promise<Visit>;
  readonly news: TransferNews[];
  /** Bytes that came over the air in all. */
  readonly carried: () => number;
}

/** Each time that so much more has come, `act` is done, and its connection is lost. */
function broken(
  visit: () => Promise<Visit>,
  everyBytes: number,
  act: () => Promise<void>,
): Breakable & { readonly tell: (one: TransferNews) => void } {
  const news: TransferNews[] = [];
  let [here, next, carried, before]: [Visit | undefined, number, number, number] = [
    undefined,
    everyBytes,
    0,
    0,
  ];
  return {
    news,
    carried: () => carried,
    visit: async () => {
      before = -1;
      return (here = await visit());
    },
    tell: (one) => {
      news.push(one);
      if (one.kind !== 'received') return;
      if (before >= 0) carried += one.bytes - before;
      before = one.bytes;
      if (one.bytes < next) return;
      next += everyBytes;
      void act().then(() => here?.[Symbol.asyncDispose]());
    },
  };
}

async function assertSeen(
  board: Board,
  asked: HistoryAsked,
  histories: Awaited<ReturnType<typeof fetched>>,
): Promise<void> {
  for (const series of asked.series)
    assert.deepEqual(
      (await collect(pointsOf(histories, series))).flat(),
      (await collect(board.store.history({ ...asked, series }))).flat(),
    );
}

const fetched = (visit: () => Promise<Visit>, asked: HistoryAsked, tell?: (one: TransferNews) => void) =>
  collect(fetchHistory(visit, asked, tell && { tell }));

async function sizeOf(
  visit: () => Promise<Visit>,
  { series, ...range }: HistoryAsked,
): Promise<{ readonly size: number }> {
  await using here = await visit();
  const { size } = await here.session.open({ history: { ...range, series: [...series] } });
  return { size: size ?? 0 };
}

const nothing = (): Promise<void> => Promise.resolve();

describe('history over the air', () => {
  for (const driver of BLENO_DRIVERS) {
    it(`goes on where it was after lost connections, over @${driver}/bleno`, async () => {
      process.env['BLENO_ADVERTISING_INTERVAL'] = '20';
      await using board = new Board(new Air(), driver, mkdtempSync(join(folder, 'data-')));
      await board.start();
      await board.measure(SECONDS);
      const asked = all(board);
      const { carried, news, tell, visit } = broken(await board.phone('Ada'), 20_000, nothing);
      await assertSeen(board, asked, await fetched(visit, asked, tell));
      assert.ok(news.filter(({ kind }) => kind === 'lost').length >= 2, 'it was lost');
      const last = news.at(-1);
      assert.ok(last?.kind === 'received' && carried() <= last.size, 'nothing came twice');
    });

    it(`up to now goes on after the gateway was started again, over @${driver}/bleno`, async () => {
      process.env['BLENO_ADVERTISING_INTERVAL'] = '20';
      await using board = new Board(new Air(), driver, mkdtempSync(join(folder, 'data-')));
      await board.start();
      // What is in no block yet becomes one by the end of the process.
      await board.measure(SECONDS + 100);
      // What is measured after the start belongs to it too.
      const asked = { ...all(board), toMs: board.nowMs + 20_000 };
      const phone = await board.phone('Ada');
      const { size } = await sizeOf(phone, asked);
      let starts = 0;
      // Some of its end is there already, and is another then.
      const { carried, news, tell, visit } = broken(phone, size - 3000, async () => {
        if (++starts > 1) return;
        await board.stop();
        await board.start();
        await board.measure(10);
      });
      await assertSeen(board, asked, await fetched(visit, asked, tell));
      const lost = news.findIndex(({ kind }) => kind === 'lost');
      const [before, after] = news.slice(lost, lost + 2).map(({ bytes }) => bytes);
      assert.ok(starts > 0 && before !== undefined && after !== undefined);
      assert.equal(before - after, 16 * 1024, 'it went on behind what had not changed');
      assert.ok(carried() < size + 20_000);
    });
  }

  it('comes to two phones at once, each what it has asked for', async () => {
    process.env['BLENO_ADVERTISING_INTERVAL'] = '20';
    await using board = new Board(new Air(), 'stoprocent', mkdtempSync(join(folder, 'data-')));
    await board.start();
    await board.measure(SECONDS);
    const asked = [
      all(board),
      { ...all(board), resolution: 'minutes' as const },
      { ...all(board), series: NAMES.slice(3, 5) },
    ];
    const phones = [await board.phone('Ada'), await board.phone('Bob'), await board.phone('Eve')];
    const histories = await Promise.all(asked.map((one, at) => fetched(phones[at] ?? assert.fail(), one)));
    for (const [at, one] of asked.entries()) await assertSeen(board, one, histories[at] ?? []);
  });
});
