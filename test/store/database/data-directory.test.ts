import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Level } from 'level';
import { BEFORE_EVERYTHING, type Store } from '../../../src/domain/index.js';
import { IDENTITY_KEY, runKeyOf } from '../../../src/store/format/keys.js';
import { checkStore, openLevelStore, readExistingStore, repairStore } from '../../../src/store/index.js';
import { failsWith } from '../../support/expect.js';
import { SILENT } from '../../support/loggers.js';
import { tempFolder } from '../../support/temp.js';
import { CLOCK, run, values } from '../support-store.js';

const folder = tempFolder('data-directory');

function newDirectory(): string {
  return mkdtempSync(join(folder, 'data-'));
}

function open(directory: string): Promise<Store> {
  return openLevelStore({ directory, clock: CLOCK, logger: SILENT });
}

const check = (directory: string): Promise<unknown> => checkStore(directory, () => undefined);
const repair = (directory: string): Promise<unknown> =>
  repairStore({ directory, clock: CLOCK, logger: SILENT }, () => undefined);

const read = (directory: string): Promise<unknown> =>
  readExistingStore({ directory, clock: CLOCK, logger: SILENT });

/** Of every file. */
function bytesIn(directory: string): object {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((each) =>
    each.isFile(),
  );
  return files.map(({ parentPath, name }) => [name, readFileSync(join(parentPath, name), 'latin1')]);
}

/** Writes into the store's database behind its back. */
async function plant(directory: string, key: Uint8Array, value: string): Promise<void> {
  const db = new Level<Uint8Array, string>(join(directory, 'store'), { keyEncoding: 'view' });
  await db.put(key, value);
  await db.close();
}

async function used(): Promise<string> {
  const directory = newDirectory();
  await using store = await open(directory);
  await store.append(values(1, { a: 1 }));
  return directory;
}

describe('a data directory that cannot be used', () => {
  it('is a file', async () => {
    const directory = join(newDirectory(), 'file');
    writeFileSync(directory, '');
    await assert.rejects(open(directory), failsWith('data-dir-unusable', /cannot use the directory/));
  });

  it('has a file in the place of the store', async () => {
    const directory = newDirectory();
    writeFileSync(join(directory, 'store'), '');
    await assert.rejects(open(directory), failsWith('data-dir-unusable', /cannot use the directory/));
  });

  it('is where nothing can be made', { skip: process.platform !== 'linux' && 'needs /proc' }, async () => {
    await assert.rejects(open('/proc/perigee'), failsWith('data-dir-unusable', /\/proc\/perigee/));
  });

  it('holds files of another program, which stay as they are', async () => {
    const directory = newDirectory();
    mkdirSync(join(directory, 'store'));
    writeFileSync(join(directory, 'store', 'stock.csv'), 'apples,3');
    await assert.rejects(
      open(directory),
      failsWith('data-dir-unusable', /another program: it holds stock.csv/),
    );
    assert.deepEqual(readdirSync(join(directory, 'store')), ['stock.csv']);
  });

  for (const [program, key, value] of [
    ['another program', Uint8Array.of(1, 2), 'theirs'],
    ...['theirs', '{"program":"other","format":1}', '7', ''].map(
      (text) => [`another program with our key (${text})`, IDENTITY_KEY, text] as const,
    ),
  ] as const)
    it(`holds the LevelDB of ${program}, of which every byte stays as it was`, async () => {
      const directory = newDirectory();
      await plant(directory, key, value);
      const before = bytesIn(directory);
      for (const work of [open, repair])
        await assert.rejects(work(directory), failsWith('data-dir-unusable', /no store of Perigee/));
      assert.deepEqual(bytesIn(directory), before);
    });

  for (const name of ['stock.csv', '2024.log'])
    it(`holds ${name} alone, which a start, a check and a repair leave as it was`, async () => {
      const directory = newDirectory();
      mkdirSync(join(directory, 'store'));
      writeFileSync(join(directory, 'store', name), 'apples,3');
      const before = bytesIn(directory);
      for (const work of [open, check, repair])
        await assert.rejects(work(directory), failsWith('data-dir-unusable', /another program: it holds/));
      assert.deepEqual(bytesIn(directory), before);
    });

  for (const [age, format] of [
    ['a newer', 4],
    ['an older', 1],
  ] as const) {
    it(`was written by ${age} Perigee, and every byte of it stays as it was`, async () => {
      const directory = await used();
      await plant(directory, IDENTITY_KEY, `{"program":"perigee","format":${format},"keeper":"elsewhere"}`);
      const before = bytesIn(directory);
      for (const work of [open, repair, read])
        await assert.rejects(
          work(directory),
          failsWith('data-dir-unusable', new RegExp(`/store has format ${format}, and this Perigee knows 3`)),
        );
      assert.deepEqual(bytesIn(directory), before);
    });
  }

  it('is in use by a gateway of the same process', async () => {
    const directory = newDirectory();
    await using store = await open(directory);
    await assert.rejects(open(directory), failsWith('data-dir-locked', /another gateway is using/));
    await store.append(values(1, { a: 1 }));
  });
});

describe('a damaged store', () => {
  it('still lists the runs whose records can be read', async () => {
    const directory = newDirectory();
    const good = run('a', 1);
    const bad = run('b', 2);
    {
      await using store = await open(directory);
      await store.put(good);
      await store.put(bad);
    }
    await plant(directory, runKeyOf(bad.id), '{"id":"000000000000000b"}');
    await using store = await open(directory);
    assert.deepEqual(await store.list(10), [good]);
    assert.deepEqual(await store.going(), [good]);
    assert.deepEqual(
      (await store.changedRuns(BEFORE_EVERYTHING, 10)).map((change) => change.run),
      [good],
    );
    await assert.rejects(store.get(bad.id), failsWith('store-corrupt', /run 000000000000000b/));
    await store.put(bad);
    assert.deepEqual(await store.list(10), [bad, good]);
  });
});

describe('a data directory that comes to another board', () => {
  it('is taken and told of, once, and its epoch leaps, so that a copy that goes on takes no place of it', async () => {
    const directory = newDirectory();
    const said: string[] = [];
    const logger = { ...SILENT, warn: (_: object, message: string) => void said.push(message) };
    const epochs: number[] = [];
    const ids = new Set<string>();
    for (const board of ['one', undefined, 'one', 'other', 'other']) {
      await using store = await openLevelStore({ directory, clock: CLOCK, logger, board });
      epochs.push(store.epoch);
      ids.add(store.gatewayId);
    }
    assert.match(said.join('\n'), /^this store was on another board before.*new data directory$/);
    assert.deepEqual(epochs.slice(0, 3), [1, 2, 3]);
    const [moved = 0, last] = epochs.slice(3);
    assert.ok(moved > 1000);
    assert.equal(last, moved + 1);
    assert.equal(ids.size, 1);
  });
});

describe('a data directory that can be used', () => {
  it('is made with the folders above it, for its owner alone', async () => {
    const directory = join(newDirectory(), 'a', 'b');
    await using store = await open(directory);
    assert.equal(store.epoch, 1);
    assert.equal(statSync(join(directory, 'store')).mode & 0o777, 0o700);
  });

  it('is one whose first opening was cut short', async () => {
    const beforeCurrent = newDirectory();
    mkdirSync(join(beforeCurrent, 'store'));
    for (const name of ['LOCK', 'LOG', 'MANIFEST-000001'])
      writeFileSync(join(beforeCurrent, 'store', name), '');
    const beforeIdentity = newDirectory();
    await new Level(join(beforeIdentity, 'store')).close();
    for (const directory of [beforeCurrent, beforeIdentity]) {
      await using store = await open(directory);
      assert.equal(store.epoch, 1);
    }
  });

  it('holds other things beside the store', async () => {
    const directory = newDirectory();
    writeFileSync(join(directory, 'perigee.yaml'), '');
    await using store = await open(directory);
    assert.equal(store.epoch, 1);
  });
});
