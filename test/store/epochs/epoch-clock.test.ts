import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openLevelStore } from '../../../src/store/index.js';
import type { ToolableStore } from '../../../src/store/index.js';
import { SILENT } from '../../support/loggers.js';
import { random } from '../../support/random.js';
import { tempFolder } from '../../support/temp.js';
import { collect, observation, series } from '../support-store.js';

const folder = tempFolder('epoch-clock');
const EVERY_US = 30_000_170;
const UNIX_MS = 1_700_000_000_000;
const A = series('a');
const B = series('b');

/** Its clocks are read in whole milliseconds, and the second one late, by two sources that name other series. */
class Board {
  us = 7e9;
  offsetMs = UNIX_MS;
  readonly clock = {
    monotonicUs: () => this.us,
    wallMs: () => Math.floor(this.us / 1000 + this.offsetMs),
  };
  readonly #chance = random(17);

  async tell(store: ToolableStore): Promise<void> {
    const told = [
      { agoUs: 0, samples: [{ series: A, value: 1 }] },
      { agoUs: 3000, samples: [{ series: B, value: 2 }] },
    ];
    for (const { agoUs, samples } of told) {
      const wallMs = Math.floor((this.us - agoUs) / 1000 + this.offsetMs + this.#chance() * 4);
      await store.append({ ...observation(0, samples), monotonicUs: this.us - agoUs, wallMs });
    }
    this.us += EVERY_US;
  }

  open(directory: string): Promise<ToolableStore> {
    return openLevelStore({ directory, clock: this.clock, logger: SILENT });
  }
}

async function timesOf(store: ToolableStore): Promise<readonly number[]> {
  const chunks = await collect(store.history({ series: 'a', fromMs: 0, toMs: 4e12, resolution: 'raw' }));
  return chunks.flat().map(({ wallMs }) => wallMs);
}

describe('the times of what was stored', () => {
  it('are the same again and again, in no block, in blocks and opened again, and move once with a step', async () => {
    const directory = mkdtempSync(join(folder, 'data-'));
    const board = new Board();
    let known: readonly number[] = [];
    const moves: (readonly number[])[] = [];
    for (const stepMs of [0, 0, 500, 0]) {
      board.offsetMs += stepMs;
      await using store = await board.open(directory);
      for (let round = 0; round < 40; round += 1) {
        for (let count = 0; count < 3; count += 1) await board.tell(store);
        const times = await timesOf(store);
        assert.equal(times.length, known.length + 3);
        const moved = new Set(known.map((wallMs, index) => (times[index] ?? NaN) - wallMs));
        if ([...moved].some((ms) => ms !== 0)) moves.push([...moved]);
        known = times;
      }
    }
    assert.equal(moves.length, 1, JSON.stringify(moves));
    for (const ms of moves.flat()) assert.ok(Math.abs(ms - 500) <= 5, `${ms} ms`);
  });

  it('follow a clock that drifts, in steps', async () => {
    const board = new Board();
    await using store = await board.open(mkdtempSync(join(folder, 'data-')));
    const firsts = new Set<number>();
    for (let count = 0; count < 500; count += 1) {
      board.offsetMs += 0.2;
      await board.tell(store);
      const times = await timesOf(store);
      firsts.add(times[0] ?? NaN);
      const behindMs = (board.us - EVERY_US) / 1000 + board.offsetMs - (times.at(-1) ?? NaN);
      assert.ok(Math.abs(behindMs) <= 25, `${behindMs} ms`);
    }
    assert.ok(firsts.size >= 4 && firsts.size <= 7, [...firsts].join());
  });
});
