import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Level } from 'level';
import type { StoredObservation } from '../../../src/domain/index.js';
import { BLOCK_US } from '../../../src/store/appender.js';
import * as keys from '../../../src/store/format/keys.js';
import { checkStore, openLevelStore, repairStore } from '../../../src/store/index.js';
import type { RepairReport, StoreReport } from '../../../src/store/index.js';
import { failsWith } from '../../support/expect.js';
import { SILENT } from '../../support/loggers.js';
import { random } from '../../support/random.js';
import {
  BLOCKS,
  EPOCHS,
  clock,
  damaged,
  everything,
  folder,
  noise,
  open,
  template,
  withRow,
  without,
} from '../support-damage.js';
import { values } from '../support-store.js';

const ignore = (): void => undefined;
const check = (directory: string): Promise<StoreReport> => checkStore(directory, ignore);
const repair = (directory: string): Promise<RepairReport> =>
  repairStore({ directory, clock, logger: SILENT }, ignore);

const names = readdirSync(join(template, 'store'));
const [log = ''] = names.filter((name) => name.endsWith('.log'));
const tables = names.filter((name) => name.endsWith('.ldb'));
const ROWS = 40 * BLOCKS * EPOCHS;

/** All that the folder holds, and when it was written. */
function seen(directory: string): object {
  const store = join(directory, 'store');
  return readdirSync(store).map((name) => [
    name,
    statSync(join(store, name)).mtimeMs,
    readFileSync(join(store, name)).toString('latin1'),
  ]);
}

describe('a check of a sound store', () => {
  it('has read everything, found nothing, and changed nothing', async () => {
    const directory = damaged(ignore);
    const before = seen(directory);
    const done: number[] = [];
    const report = await checkStore(directory, (share) => void done.push(share));
    assert.deepEqual(report.findings, []);
    const { epochs, observations, samples, series, runs } = report;
    const held = { epochs: EPOCHS, observations: ROWS, samples: 2 * ROWS, series: EPOCHS + 1, runs: EPOCHS };
    assert.deepEqual({ epochs, observations, samples, series, runs }, held);
    assert.ok(report.rollupsCompared >= EPOCHS - 1);
    assert.deepEqual(seen(directory), before);
    assert.ok(done.every((share, at) => share >= (done[at - 1] ?? 0)) && done.at(-1) === 1);
  });

  it('is refused while a gateway has it, and where there is none', async () => {
    const directory = damaged(ignore);
    await using store = await open(directory);
    for (const work of [check, repair])
      await assert.rejects(work(directory), failsWith('data-dir-locked', /a gateway is using/));
    assert.equal((await everything(store)).length, ROWS);
    await assert.rejects(check(join(directory, 'none')), failsWith('data-dir-unusable', /there is no store/));
  });
});

describe('a store of a newer format', () => {
  it('is not judged: it says so, as a repair does', async () => {
    const directory = await withRow(keys.IDENTITY_KEY, '{"program":"perigee","format":9}');
    for (const work of [check, repair])
      await assert.rejects(work(directory), (error: unknown) => {
        failsWith('data-dir-unusable', /format 9, and this Perigee knows/)(error);
        assert.ok(String(error).includes(join(directory, 'store')), String(error));
        return true;
      });
  });
});

/** The rows as they are, behind the store's back. */
const rowsIn = (directory: string): Level<Uint8Array, Buffer> =>
  new Level(join(directory, 'store'), { keyEncoding: 'view', valueEncoding: 'buffer' });

/** Changes the first row of a family that is so long. */
async function tampered(family: keys.Family, change: (value: Buffer) => Buffer): Promise<string> {
  const directory = damaged(ignore);
  const db = rowsIn(directory);
  const [found] = await db.iterator({ ...keys.rangeOf(family), limit: 1 }).all();
  assert.ok(found);
  await db.put(found[0], change(found[1]));
  await db.close();
  return directory;
}

const flip = (value: Buffer): Buffer => {
  value[value.length >> 1] = (value[value.length >> 1] ?? 0) ^ 0x40;
  return value;
};

const DAMAGES: readonly (readonly [what: string, found: RegExp, make: () => Promise<string>])[] = [
  [
    'a log with noise in it',
    /file: \d+\.log is damaged/,
    () => Promise.resolve(damaged(noise(log, 0.3, 0.35))),
  ],
  ['no CURRENT', /file: CURRENT names no manifest/, () => Promise.resolve(damaged(without('CURRENT')))],
  ...tables.map(
    (table) =>
      [
        `noise in table ${tables.indexOf(table) + 1}`,
        /file: \d+\.ldb is damaged/,
        () => Promise.resolve(damaged(noise(table, 0.5, 0.52))),
      ] as const,
  ),
  [
    'a block with a bit turned over',
    /observations: 40 observations \(1\/1 to 40/,
    () => tampered('part', flip),
  ],
  [
    'a header with a bit turned over',
    /observations: the header of block 1\/1/,
    () => tampered('block', flip),
  ],
  [
    'minutes with a bit turned over',
    /roll-ups: minutes behind 1\/1 cannot be read/,
    () => tampered('minutesPart', flip),
  ],
  [
    'totals that are noise',
    /row: how much was stored cannot be read/,
    () => withRow(keys.TOTALS_KEY, 'noise'),
  ],
  ['a clock that is noise', /row: the clock of start 2 cannot/, () => withRow(keys.epochKeyOf(2), 'noise')],
  ['a series without a name', /series: series 2 has no name/, () => withRow(keys.seriesKeyOf(2), undefined)],
  ['no head log', /head log: there is none/, () => Promise.resolve(damaged(without('head.ring')))],
  [
    'a head log that is noise',
    /head log: there is none, or it cannot be read/,
    () => Promise.resolve(damaged(noise('head.ring', 0, 0.01))),
  ],
  ['a run that is noise', /runs: the record of run/, () => tampered('run', () => Buffer.from('noise'))],
];

const places = (rows: readonly StoredObservation[]): string[] =>
  rows.map(({ position: { epoch, sequence } }) => `${epoch}/${sequence}`);
const isBefore = (place: string, others: readonly string[]): boolean => {
  const [epoch, sequence] = place.split('/').map(Number);
  return others.some((other) => {
    const [start, at = 0] = other.split('/').map(Number);
    return start === epoch && at > (sequence ?? 0);
  });
};
const whole = await (async () => {
  await using store = await open(damaged(ignore));
  return places(await everything(store));
})();

describe('a store that has', () => {
  for (const [what, expected, make] of DAMAGES) {
    it(`${what} is found to be damaged, and sound once it was repaired`, async () => {
      const directory = await make();
      const { findings } = await check(directory);
      const text = findings.map((finding) => `${finding.about}: ${finding.text}`).join('\n');
      assert.match(text, expected);
      const report = await repair(directory);
      assert.deepEqual((await check(directory)).findings, []);
      await using store = await open(directory);
      const kept = new Set(places(await everything(store)));
      const missing = whole.filter((place) => !kept.has(place));
      assert.deepEqual([report.observations, report.partial], [kept.size, []]);
      const told = report.losses.flatMap(({ epoch, sequences }) => {
        const { first, last } = sequences ?? assert.fail('a loss without a place');
        return Array.from({ length: last - first + 1 }, (_, at) => `${epoch}/${first + at}`);
      });
      // Nothing is left that would tell of the end of a start which was in one damaged table with its clock.
      const tellable = missing.filter(
        (place) => !what.startsWith('noise in table') || isBefore(place, [...kept]),
      );
      assert.deepEqual(told.sort(), tellable.sort());
      const counted = report.losses.reduce((sum, { count = 0 }) => sum + count, 0);
      assert.equal(counted, tellable.length);
    });
  }

  it('a damaged block that is the only one of its start is found, though the next start has its sequence too', async () => {
    const directory = mkdtempSync(join(folder, 'starts-'));
    for (let start = 1; start <= 2; start += 1) {
      await using store = await open(directory);
      await store.append(values(1, { a: start }));
    }
    await withParts(directory, () => true);
    const { findings } = await check(directory);
    const lost = findings.flatMap(({ loss }) => loss ?? []);
    assert.deepEqual([lost.length, lost[0]?.epoch, lost[0]?.sequences], [1, 1, { first: 1, last: 1 }]);
  });

  it('minutes that are not what was measured gets them made anew of it', async () => {
    const directory = damaged(ignore);
    const db = rowsIn(directory);
    // Those of the second start say what the third measured.
    const range = keys.rangeOf('minutesPart');
    const parts = await db.iterator(range).all();
    const heads = await db.iterator(keys.rangeOf('minutes')).all();
    const [second, third] = heads.slice(1, 3);
    assert.ok(second && third);
    await db.put(second[0], third[1]);
    const of = (head: Uint8Array): typeof parts =>
      parts.filter(([key]) => Buffer.compare(key.subarray(1, head.length), head.subarray(1)) === 0);
    for (const [index, [key]] of of(second[0]).entries())
      await db.put(key, of(third[0])[index]?.[1] ?? assert.fail());
    await db.close();
    const found = (await check(directory)).findings.map(({ text }) => text).join('\n');
    assert.match(found, /minutes behind 2\/1 are not what was measured/);
    const { refolded, losses } = await repair(directory);
    assert.deepEqual([refolded, losses], [1, []]);
    assert.deepEqual((await check(directory)).findings, []);
  });

  for (const met of [false, true])
    it(`one series of a block that cannot be read loses that alone${met ? ', also where it was met before' : ''}`, async () => {
      const { directory, rows } = await wide();
      await withParts(directory, (part) => part === 2);
      if (met) {
        await using store = await open(directory);
        await everything(store);
      }
      const report = await repair(directory);
      assert.deepEqual([report.losses, report.observations], [[], WIDE_ROWS + 1]);
      const [{ series, count, sequences } = assert.fail('nothing'), ...more] = report.partial;
      assert.deepEqual([series, count, sequences], [['b'], WIDE_ROWS, { first: 1, last: WIDE_ROWS }]);
      assert.deepEqual(more, []);
      assert.deepEqual((await check(directory)).findings, []);
      await using store = await open(directory);
      const expected = rows.map((row, at) => (at < WIDE_ROWS ? row.filter(([name]) => name !== 'b') : row));
      const kept = (await everything(store)).map(({ samples }) =>
        samples.map(({ series: { name }, value }) => [name, value]),
      );
      assert.deepEqual(kept, expected);
    });

  it('a whole block that cannot be read says so, also where it was met before', async () => {
    const { directory } = await wide();
    await withParts(directory, () => true);
    {
      await using store = await open(directory);
      assert.equal((await everything(store)).length, 1);
    }
    const { losses, partial, observations } = await repair(directory);
    assert.deepEqual([partial, observations], [[], 1]);
    assert.deepEqual(
      losses.map(({ count, sequences }) => [count, sequences]),
      [[WIDE_ROWS, { first: 1, last: WIDE_ROWS }]],
    );
  });
});

const WIDE_ROWS = 600;

/** One block whose series have a part each, as their values do not pack, and an observation behind it. */
async function wide(): Promise<{
  readonly directory: string;
  readonly rows: readonly (readonly [string, number])[][];
}> {
  const directory = mkdtempSync(join(folder, 'wide-'));
  const chance = random(1);
  let us = 0;
  const ticking = { ...clock, monotonicUs: () => us };
  await using store = await openLevelStore({ directory, clock: ticking, logger: SILENT });
  const rows: [string, number][][] = [];
  for (let at = 1; at <= WIDE_ROWS + 1; at += 1) {
    if (at === WIDE_ROWS) us += BLOCK_US;
    const row = ['a', 'b', 'c', 'd'].map((name): [string, number] => [name, chance()]);
    rows.push(row);
    await store.append(values(at, Object.fromEntries(row)));
  }
  return { directory, rows };
}

/** Turns a bit over in those parts of the first block. */
async function withParts(directory: string, isDamaged: (part: number) => boolean): Promise<void> {
  const db = rowsIn(directory);
  for (let part = 0; ; part += 1) {
    const key = keys.partKeyOf({ epoch: 1, sequence: 1 }, part);
    const bytes = await db.get(key);
    if ((bytes as Buffer | undefined) === undefined) break;
    if (isDamaged(part)) await db.put(key, flip(bytes));
  }
  await db.close();
}
