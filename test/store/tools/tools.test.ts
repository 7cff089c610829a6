import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { writtenIn } from '../../../src/store/database/database.js';
import { openExistingStore, openLevelStore } from '../../../src/store/index.js';
import { failsWith } from '../../support/expect.js';
import { SILENT } from '../../support/loggers.js';
import { tempFolder } from '../../support/temp.js';
import { collect, series } from '../support-store.js';

const folder = tempFolder('tools');
const SERIES = Array.from({ length: 20 }, (_, index) => series(`m${index}`));

/** A store with so many minutes of samples in it, by a clock of its own. */
async function filled(minutes: number): Promise<string> {
  const directory = mkdtempSync(join(folder, 'data-'));
  const { append, store } = await openAt(directory);
  await append(minutes * 60);
  await store[Symbol.asyncDispose]();
  return directory;
}

async function openAt(directory: string) {
  let us = 0;
  const clock = { monotonicUs: () => us, wallMs: () => Math.floor(us / 1000) };
  const store = await openLevelStore({ directory, clock, logger: SILENT });
  const append = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second += 1, us += 1e6)
      await store.append({
        ...{ monotonicUs: us, wallMs: clock.wallMs() },
        samples: SERIES.map((each, index) => ({ series: each, value: (second * index) % 17 })),
      });
  };
  return { append, store };
}

describe('the statistics of a store', () => {
  it('measure what its blocks take, and how long they took', async () => {
    await using store = (await openAt(await filled(66))).store;
    const { raw, minutes } = (await store.tools.statistics()).measured;
    assert.equal(raw.points, 66 * 60 * SERIES.length);
    assert.equal(raw.seconds, 66 * 60 - 1);
    assert.ok(raw.bytes > raw.points / 4 && raw.bytes < raw.points * 2, `${raw.bytes} bytes`);
    // A minute of two blocks of minutes is in both.
    assert.deepEqual([minutes.points, minutes.seconds], [67 * SERIES.length, 66 * 60]);
  });

  it('count what was given to the database since it was opened', async () => {
    const { append, store } = await openAt(mkdtempSync(join(folder, 'data-')));
    await append(700);
    const { measured, written } = await store.tools.statistics();
    assert.equal(written.samples, 700 * SERIES.length);
    assert.ok(written.givenBytes >= measured.raw.bytes && measured.raw.blocks > 0);
    await store[Symbol.asyncDispose]();
  });

  it('know no rate of a store that has measured nothing', async () => {
    await using store = (await openAt(mkdtempSync(join(folder, 'data-')))).store;
    const { measured } = await store.tools.statistics();
    assert.deepEqual(measured.raw, { blocks: 0, points: 0, bytes: 0, seconds: 0 });
  });

  it('read what LevelDB says of its levels', () => {
    const text = [
      '                               Compactions',
      'Level  Files Size(MB) Time(sec) Read(MB) Write(MB)',
      '--------------------------------------------------',
      '  0        1        0         0        0         3',
      '  2       12       21         1       18        17',
      '',
    ].join('\n');
    assert.equal(writtenIn(text), 20 * 1024 * 1024);
  });
});

describe('a compaction', () => {
  it('leaves everything as it was, and tells how far it is', async () => {
    const directory = await filled(20);
    await using store = await openLevelStore({
      ...{ directory, logger: SILENT },
      clock: { monotonicUs: () => 1, wallMs: () => 0 },
    });
    const history = () => collect(store.history({ series: 'm3', fromMs: 0, toMs: 4e12, resolution: 'raw' }));
    const before = await history();
    const steps = await collect(store.tools.compact());
    assert.deepEqual(
      steps.map(({ done }) => done),
      steps.map((_, index) => index),
    );
    assert.equal(steps.at(-1)?.done, steps.at(-1)?.steps);
    const kinds = (await store.tools.statistics()).kinds;
    assert.ok((kinds.find(({ kind }) => kind === 'samples')?.bytes ?? 0) > 0, JSON.stringify(kinds));
    assert.deepEqual(await history(), before);
    assert.equal(before.flat().length, 1200);
  });

  it('that is under way when the store is closed ends first', async () => {
    const directory = await filled(1);
    const { store } = await openAt(directory);
    const steps = store.tools.compact()[Symbol.asyncIterator]();
    await steps.next();
    const next = steps.next();
    await store[Symbol.asyncDispose]();
    await next;
  });
});

describe('the store of a stopped gateway', () => {
  it('is not made where there is none', async () => {
    const directory = mkdtempSync(join(folder, 'none-'));
    const clock = { monotonicUs: () => 1, wallMs: () => 0 };
    await assert.rejects(
      openExistingStore({ directory, clock, logger: SILENT }),
      failsWith('data-dir-unusable', /there is no store/),
    );
  });
});
