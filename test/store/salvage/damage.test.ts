import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { seriesKey } from '../../../src/domain/index.js';
import type { RunRecord, Sample, StoredObservation } from '../../../src/domain/index.js';
import * as keys from '../../../src/store/format/keys.js';
import { checkStore } from '../../../src/store/index.js';
import { failsWith } from '../../support/expect.js';
import { SILENT } from '../../support/loggers.js';
import { random } from '../../support/random.js';
import {
  BLOCKS,
  EPOCHS,
  damaged,
  ended,
  everything,
  folder,
  noise,
  open,
  setAside,
  template,
  used,
  withRow,
  without,
} from '../support-damage.js';
import { observation, run, series, values } from '../support-store.js';

const before = await (async () => {
  const copy = join(folder, 'before');
  cpSync(template, copy, { recursive: true });
  await using store = await open(copy);
  return { gatewayId: store.gatewayId, rows: await everything(store) };
})();
const tables = readdirSync(join(template, 'store')).filter((name) => name.endsWith('.ldb'));
const [log = ''] = readdirSync(join(template, 'store')).filter((name) => name.endsWith('.log'));
const [manifest = ''] = readdirSync(join(template, 'store')).filter((name) => name.startsWith('MANIFEST'));

interface After {
  readonly rows: readonly StoredObservation[];
  readonly said: readonly string[];
  readonly runs: readonly RunRecord[];
}

/** Opens it twice, and claims what holds for every damage. */
async function survives(directory: string): Promise<After> {
  const said: string[] = [];
  const logger = { ...SILENT, error: (_: object, message: string) => void said.push(message) };
  const first = await open(directory, logger);
  assert.equal(first.gatewayId, before.gatewayId);
  assert.ok(first.epoch > EPOCHS, 'no place is taken twice');
  const rows = await everything(first);
  const known = new Map(before.rows.map((row) => [JSON.stringify(row.position), row]));
  for (const [index, { position, samples }] of rows.entries()) {
    const was = known.get(JSON.stringify(position)) ?? assert.fail('an observation that never was');
    for (const [at, sample] of samples.entries()) {
      assert.equal(sample.value, was.samples[at]?.value);
      if (sample.series.name !== 'lost_series') assert.deepEqual(sample.series, was.samples[at]?.series);
    }
    const last = rows[index - 1]?.position;
    if (last !== undefined)
      assert.ok(
        last.epoch < position.epoch || (last.epoch === position.epoch && last.sequence < position.sequence),
      );
  }
  const runs = await first.list(100);
  for (const record of runs) assert.deepEqual(record, ended(Number.parseInt(record.id, 16)));
  assert.deepEqual(await first.going(), []);
  await first.put(run('f', 99));
  const place = await first.append(values(1, { a: 1, new: 2 }));
  assert.ok(!known.has(JSON.stringify(place)));
  await first[Symbol.asyncDispose]();

  const folders = setAside(directory);
  await using second = await open(directory);
  assert.deepEqual(setAside(directory), folders, 'what was mended stays mended');
  assert.deepEqual((await everything(second)).slice(0, rows.length), rows);
  const latest = new Set(second.latest().map(({ series }) => seriesKey(series)));
  assert.equal(latest.size, second.latest().length);
  for (const { samples } of rows) for (const { series } of samples) assert.ok(latest.has(seriesKey(series)));
  assert.equal((await second.list(100)).length, runs.length + 1);
  return { rows, said, runs };
}

describe('a store whose database has damaged files', () => {
  for (const [what, damage] of [
    ['no CURRENT', without('CURRENT')],
    ['noise in CURRENT', noise('CURRENT', 0, 1)],
    ['no manifest', without(manifest)],
    ['noise for a manifest', noise(manifest, 0, 1)],
    ['half a manifest', noise(manifest, 0.5, 1)],
  ] as const) {
    it(`has ${what}, and loses nothing`, async () => {
      const { rows, said, runs } = await survives(damaged(damage));
      assert.deepEqual(rows, before.rows);
      assert.equal(runs.length, EPOCHS);
      assert.match(said.join('\n'), /what can be read is kept/);
    });
  }

  it('has an empty log in the place of one, or none, and has what its head log still has', async () => {
    for (const damage of [without(log), (store: string) => truncateSync(join(store, log), 0)]) {
      const { rows } = await survives(damaged(damage));
      assert.ok(rows.length >= before.rows.length - BLOCKS);
    }
  });

  it('has a log with noise in it, keeps that log, and finds in its head log what is lost with it', async () => {
    const directory = damaged(noise(log, 0.3, 0.35));
    const original = readFileSync(join(directory, 'store', log));
    const { rows, said } = await survives(directory);
    // The last of each block was never in the head log.
    assert.ok(rows.length >= before.rows.length - BLOCKS);
    assert.match(said.join('\n'), /a log of the store's database is damaged/);
    assert.deepEqual(readFileSync(join(directory, setAside(directory)[0] ?? '', log)), original);
  });

  for (const [index, table] of tables.entries()) {
    it(`has lost table ${index + 1} of ${tables.length}, and has all the others`, async () => {
      const { rows } = await survives(damaged(without(table)));
      assert.ok(rows.length >= before.rows.length / 2);
    });

    it(`has noise in table ${index + 1} of ${tables.length}, keeps it aside, and has all but what stood there`, async () => {
      for (const from of [0, 0.2, 0.4, 0.6, 0.8, 0.99]) {
        const directory = damaged(noise(table, from, from + 0.01));
        const original = readFileSync(join(directory, 'store', table));
        const { rows } = await survives(directory);
        assert.ok(rows.length >= before.rows.length / 2);
        const kept = setAside(directory).map((name) => join(directory, name, table));
        // Where nothing that is read at a start is damaged, nobody has seen it yet.
        for (const path of kept) assert.deepEqual(readFileSync(path), original);
      }
    });
  }

  it('has a log that is torn at whatever byte, and has all that was older', async () => {
    const whole = readFileSync(join(template, 'store', log));
    const older = before.rows.filter(({ position }) => position.epoch < EPOCHS).length;
    const step = Math.ceil(whole.length / 25);
    for (const old of [0, 0x5a])
      for (let cut = 1; cut < whole.length; cut += step) {
        const directory = damaged((store) => {
          const behind = Buffer.alloc(old === 0 ? 0 : whole.length - cut, old);
          writeFileSync(join(store, log), Buffer.concat([whole.subarray(0, cut), behind]));
        });
        const { rows } = await survives(directory);
        assert.ok(rows.length >= older, `cut at ${cut}`);
        assert.deepEqual(setAside(directory), [], 'a torn end is no damage');
      }
  });

  it('where only a reader of old samples meets it is put right by the next start', async () => {
    const directory = mkdtempSync(join(folder, 'data-'));
    const chance = random(5);
    const rough = (): Sample[] =>
      Array.from({ length: 200 }, (_, at) => ({ series: series(`rough_${at}`), value: chance() }));
    {
      await using store = await open(directory);
      for (let at = 1; at <= 300; at += 1) await store.append(observation(at, rough()));
    }
    // What is folded is not read by a start.
    for (let starts = 0; starts < 2; starts += 1) await (await open(directory))[Symbol.asyncDispose]();
    const [table = ''] = readdirSync(join(directory, 'store')).filter((name) => name.endsWith('.ldb'));
    noise(table, 0.3, 0.31)(join(directory, 'store'));
    {
      await using store = await open(directory);
      assert.deepEqual(setAside(directory), []);
      await assert.rejects(everything(store), failsWith('store-corrupt', /is damaged/));
    }
    {
      await using store = await open(directory);
      assert.equal(setAside(directory).length, 1);
      await everything(store);
    }
    const { findings } = await checkStore(directory, () => undefined);
    assert.deepEqual(findings, [], 'what is still missing is recorded');
  });

  it('of a gateway that runs is not touched', async () => {
    const directory = mkdtempSync(join(folder, 'data-'));
    cpSync(template, directory, { recursive: true });
    await using store = await open(directory);
    rmSync(join(directory, 'store', 'CURRENT'));
    const names = readdirSync(join(directory, 'store'));
    await assert.rejects(open(directory), /another gateway is using/);
    assert.deepEqual(readdirSync(join(directory, 'store')), names);
    assert.deepEqual(setAside(directory), []);
    await store.append(values(1, { a: 1 }));
  });
});

describe('a store whose database has damaged rows', () => {
  for (const [what, key] of [
    ['its totals', keys.TOTALS_KEY],
    ['where its head log begins', keys.HEAD_KEY],
    ['how far it is folded into minutes', keys.CHECKPOINT_KEY],
    ['how far it is folded into hours', keys.FOLDED_KEY],
    ['the clock of an epoch', keys.epochKeyOf(2)],
    ['the newest sample of a series', keys.latestKeyOf(1)],
    ['whose it is', keys.IDENTITY_KEY],
  ] as const) {
    it(`cannot read ${what}, and loses nothing`, async () => {
      for (const value of ['noise', undefined]) {
        const { rows } = await survives(await withRow(key, value));
        assert.deepEqual(rows, before.rows);
      }
    });
  }

  it('cannot read the name of a series, keeps its samples under another, and gives it a new number', async () => {
    for (const [id, value] of [
      [1, 'noise'],
      [2, undefined],
      [EPOCHS + 1, 'noise'],
    ] as const) {
      const directory = await withRow(keys.seriesKeyOf(id), value);
      const { rows, said } = await survives(directory);
      assert.equal(rows.length, before.rows.length);
      assert.match(said.join('\n'), new RegExp(`samples are kept as lost_series, number ${id}`));
    }
  });

  it('goes on in a directory from which all but the head log was removed, as the same gateway', async () => {
    const directory = damaged((store) => {
      for (const name of readdirSync(store)) if (name !== 'head.ring') rmSync(join(store, name));
    });
    await using store = await open(directory);
    assert.equal(store.gatewayId, before.gatewayId);
    assert.ok(store.epoch > EPOCHS);
  });
});

describe('a head log of another store', () => {
  it('is set aside, and nothing of it is read', async () => {
    const directory = damaged(() => undefined);
    const other = await used();
    cpSync(join(other, 'store', 'head.ring'), join(directory, 'store', 'head.ring'));
    const { rows, said } = await survives(directory);
    assert.deepEqual(rows, before.rows);
    assert.match(said.join('\n'), /the head log belonged to gateway [0-9a-f]{16}, and is set aside/);
    assert.ok(setAside(directory).length > 0);
    assert.equal(dirname(directory), folder);
  });
});
