import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { BoardClock } from '../../src/gateway/board-clock.js';
import { SILENT } from '../support/loggers.js';
import { tempFolder } from '../support/temp.js';

const NOW_MS = Date.UTC(2026, 10, 28);
const REFUSED = { code: 'time-refused' } as const;

/** A board whose system shows a time, and tells more or less of it. */
interface Board {
  us: number;
  systemMs: number;
  kept: boolean | undefined;
  /** Why date(1) may not set it; undefined where it may. */
  complaint: string | undefined;
  asked: number;
  readonly open: () => Promise<BoardClock>;
}

function boardOf(parts: Partial<Board> = {}): Board {
  const notePath = join(tempFolder('clock'), 'clock.json');
  const board: Board = {
    ...{ us: 7e6, systemMs: 12_000, kept: false, complaint: 'not permitted', asked: 0 },
    ...parts,
    open: () =>
      BoardClock.open({
        system: { monotonicUs: () => board.us, wallMs: () => board.systemMs },
        systemTime: {
          isKept: () => Promise.resolve(((board.asked += 1), board.kept)),
          set: (wallMs) => {
            if (board.complaint === undefined) board.systemMs = wallMs;
            return Promise.resolve(board.complaint);
          },
        },
        ...{ notePath, logger: SILENT },
      }),
  };
  return board;
}

function pass(board: Board, ms: number): void {
  board.us += ms * 1000;
  board.systemMs += ms;
}

describe('the clock of a board that does not know the time', () => {
  it('goes by a phone’s word, while the system may not be set', async () => {
    const board = boardOf();
    const clock = await board.open();
    assert.deepEqual([await clock.source(), clock.wallMs()], ['nobody', 12_000]);
    assert.equal(await clock.set(NOW_MS), NOW_MS - 12_000);
    pass(board, 5000);
    assert.deepEqual([await clock.source(), clock.wallMs()], ['phone', NOW_MS + 5000]);
    assert.equal(board.systemMs, 17_000);
  });

  it('is the system’s own where that may be set', async () => {
    const board = boardOf({ complaint: undefined });
    const clock = await board.open();
    await clock.set(NOW_MS);
    assert.deepEqual([board.systemMs, clock.wallMs()], [NOW_MS, NOW_MS]);
    assert.equal(await clock.source(), 'phone');
  });

  it('is the gateway’s own where the system says that it was set, and was not', async () => {
    const board = boardOf({ complaint: undefined });
    const clock = await board.open();
    Object.defineProperty(board, 'systemMs', { get: () => 12_000, set: () => undefined });
    await clock.set(NOW_MS);
    assert.equal(clock.wallMs(), NOW_MS);
  });

  it('is remembered by a gateway that is started again, and not by a board that is', async () => {
    const board = boardOf();
    await (await board.open()).set(NOW_MS);
    pass(board, 60_000);
    assert.equal((await board.open()).wallMs(), NOW_MS + 60_000);
    // Monotonic time begins anew.
    board.us = 1e6;
    board.systemMs = 3000;
    const again = await board.open();
    assert.deepEqual([again.wallMs(), await again.source()], [3000, 'nobody']);
  });

  it('is the system’s again once somebody has set that', async () => {
    const board = boardOf();
    const clock = await board.open();
    await clock.set(NOW_MS);
    board.systemMs = NOW_MS + 90_000;
    board.kept = true;
    // NTP is asked about again after a while.
    pass(board, 10_000);
    assert.deepEqual([clock.wallMs(), await clock.source()], [NOW_MS + 100_000, 'network']);
  });

  it('may be set again by another phone, either way', async () => {
    const board = boardOf({ kept: undefined });
    const clock = await board.open();
    await clock.set(NOW_MS);
    assert.equal(await clock.set(NOW_MS - 30_000), -30_000);
    assert.equal(clock.wallMs(), NOW_MS - 30_000);
  });

  it('counts the time that it takes to ask about NTP', async () => {
    const board = boardOf();
    const clock = await board.open();
    const setting = clock.set(NOW_MS);
    pass(board, 3000);
    await setting;
    assert.equal(clock.wallMs(), NOW_MS + 3000);
  });
});

describe('the clock of a board that knows the time', () => {
  it('is not taken from a phone where NTP keeps it, however wrong', async () => {
    const board = boardOf({ systemMs: NOW_MS, kept: true });
    const clock = await board.open();
    assert.equal(await clock.source(), 'network');
    await assert.rejects(clock.set(NOW_MS + 1e9), { ...REFUSED, message: /^NTP keeps/ });
    assert.equal(clock.wallMs(), NOW_MS);
  });

  it('is not taken from a phone where nothing says whether NTP keeps it', async () => {
    const board = boardOf({ systemMs: NOW_MS, kept: undefined });
    const clock = await board.open();
    assert.equal(await clock.source(), 'board');
    await assert.rejects(clock.set(NOW_MS + 1e9), REFUSED);
  });

  it('is put right where NTP does not keep it, as after a night without power', async () => {
    const board = boardOf({ systemMs: NOW_MS - 8 * 3_600_000 });
    const clock = await board.open();
    assert.equal(await clock.set(NOW_MS), 8 * 3_600_000);
    assert.equal(clock.wallMs(), NOW_MS);
  });

  it('is left alone where the phone says the same', async () => {
    const board = boardOf({ systemMs: NOW_MS });
    const clock = await board.open();
    assert.equal(await clock.set(NOW_MS + 900), 0);
    assert.deepEqual([clock.wallMs(), await clock.source()], [NOW_MS, 'board']);
  });

  it('takes no time that cannot be', async () => {
    const clock = await boardOf().open();
    for (const wallMs of [0, Date.UTC(2024, 0), Date.UTC(2100, 0), -1e15, NaN, Infinity])
      await assert.rejects(clock.set(wallMs), REFUSED, String(wallMs));
  });

  it('asks about NTP no more than every ten seconds, however often a phone does', async () => {
    const board = boardOf({ systemMs: NOW_MS });
    const clock = await board.open();
    for (let i = 0; i < 50; i++) await clock.source();
    assert.equal(board.asked, 1);
  });
});
