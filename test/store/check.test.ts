import assert from 'node:assert/strict';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Level } from 'level';
import { checkStore, repairStore } from '../../src/store/index.js';
import type { RepairReport, StoreReport } from '../../src/store/index.js';
import * as keys from '../../src/store/keys.js';
import { failsWith } from '../support/expect.js';
import {
  BLOCKS,
  EPOCHS,
  clock,
  damaged,
  everything,
  noise,
  open,
  template,
  withRow,
  without,
} from './support-damage.js';
import { SILENT } from './support-store.js';

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
    assert.deepEqual(
      { epochs, observations, samples, series, runs },
      {
        ...{ epochs: EPOCHS, observations: ROWS, samples: 2 * ROWS, series: EPOCHS + 1, runs: EPOCHS },
      },
    );
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

/** Changes the first row of a family that is so long. */
async function tampered(family: keys.Family, change: (value: Buffer) => Buffer): Promise<string> {
  const directory = damaged(ignore);
  const db = new Level<Uint8Array, Buffer>(join(directory, 'store'), {
    ...{ keyEncoding: 'view', valueEncoding: 'buffer' },
  });
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

describe('a store that has', () => {
  for (const [what, expected, make] of DAMAGES) {
    it(`${what} is found to be damaged, and sound once it was repaired`, async () => {
      const directory = await make();
      const { findings } = await check(directory);
      const text = findings.map((finding) => `${finding.about}: ${finding.text}`).join('\n');
      assert.match(text, expected);
      const report = await repair(directory);
      assert.ok(report.observations >= ROWS / 2);
      for (const { count, sequences } of report.losses) assert.ok((count ?? 0) > 0 && sequences);
      assert.deepEqual(
        (await check(directory)).findings.filter(({ about }) => about !== 'observations'),
        [],
      );
      await using store = await open(directory);
      assert.ok((await everything(store)).length >= ROWS / 2);
    });
  }

  it('minutes that are not what was measured gets them made anew of it', async () => {
    const directory = damaged(ignore);
    const db = new Level<Uint8Array, Buffer>(join(directory, 'store'), {
      ...{ keyEncoding: 'view', valueEncoding: 'buffer' },
    });
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
});
