import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { BEFORE_EVERYTHING } from '../../../src/domain/index.js';
import { prepareMemoryFolder } from '../../../src/store/head/memory-folder.js';
import { checkStore, openLevelStore, restoreBackup } from '../../../src/store/index.js';
import type { ToolableStore } from '../../../src/store/index.js';
import { failsWith } from '../../support/expect.js';
import { SILENT } from '../../support/loggers.js';
import { tempFolder } from '../../support/temp.js';
import { CLOCK, collect, run, values } from '../support-store.js';

const folder = tempFolder('backup');
const BESIDES = ['images', 'logs'];
const newDirectory = (): string => mkdtempSync(join(folder, 'data-'));

function open(directory: string): Promise<ToolableStore> {
  return openLevelStore({ directory, clock: CLOCK, logger: SILENT, besides: BESIDES });
}

async function* of(bytes: Uint8Array, pieceBytes = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes)
    yield await Promise.resolve(bytes.subarray(at, at + pieceBytes));
}

async function backupOf(store: ToolableStore): Promise<Uint8Array> {
  return Buffer.concat(await collect(store.tools.backup()));
}

/** Some of everything that a store has. */
async function filled(): Promise<{ readonly directory: string; readonly bytes: Uint8Array }> {
  const directory = newDirectory();
  await using store = await open(directory);
  for (let at = 1; at <= 50; at += 1) await store.append(values(at, { a: at, b: at / 3 }));
  await store.put(run('7', 900));
  await store.setCursor('backend', { epoch: 1, sequence: 40 });
  return { directory, bytes: await backupOf(store) };
}

const positionsOf = async (store: ToolableStore): Promise<readonly (readonly number[])[]> =>
  (await collect(store.read(BEFORE_EVERYTHING, 10_000))).map(({ position }) => [
    position.epoch,
    position.sequence,
  ]);

describe('a backup', () => {
  it('gives back everything, and the restored store begins an epoch that nobody else has', async () => {
    const { directory, bytes } = await filled();
    await using original = await open(directory);
    const target = newDirectory();
    const restored = await restoreBackup(of(bytes), target, BESIDES);
    assert.deepEqual([restored.samples, restored.series, restored.runs, restored.epoch], [100, 2, 1, 1]);
    assert.deepEqual((await checkStore(target, () => undefined)).findings, []);
    await using copy = await open(target);
    assert.equal(copy.gatewayId, original.gatewayId);
    assert.ok(copy.epoch > original.epoch + 2 ** 16, `epoch ${copy.epoch}`);
    assert.deepEqual([original.restoredEpoch, copy.restoredEpoch], [0, 1]);
    assert.deepEqual(copy.latest(), original.latest());
    assert.deepEqual(copy.counts(), original.counts());
    assert.deepEqual(await positionsOf(copy), await positionsOf(original));
    assert.deepEqual(await copy.list(10), [run('7', 900)]);
    assert.deepEqual(await copy.cursor('backend'), { epoch: 1, sequence: 40 });
    const history = { series: 'b', fromMs: 0, toMs: 4e12, resolution: 'minutes' } as const;
    assert.deepEqual(await collect(copy.history(history)), await collect(original.history(history)));
  });

  it('is of the moment of its first step, whatever is stored while it is read', async () => {
    await using store = await open(newDirectory());
    for (let at = 1; at <= 20; at += 1) await store.append(values(at, { a: at }));
    const pieces: Uint8Array[] = [];
    for await (const piece of store.tools.backup()) {
      pieces.push(piece);
      await store.append(values(100 + pieces.length, { a: 0, later: 1 }));
      await store.put(run('9', pieces.length));
    }
    const target = newDirectory();
    await restoreBackup(of(Buffer.concat(pieces)), target, BESIDES);
    await using copy = await open(target);
    assert.deepEqual(
      await positionsOf(copy),
      Array.from({ length: 20 }, (_, index) => [1, index + 1]),
    );
    assert.deepEqual([copy.counts().series, copy.counts().samples], [1, 20]);
    assert.deepEqual(await copy.list(10), []);
  });

  it('of a store that cannot be read says so in its stream, and is none', async () => {
    const directory = newDirectory();
    await using store = await open(directory);
    mkdirSync(join(directory, 'logs'));
    symlinkSync('/proc/self/mem', join(directory, 'logs', 'unreadable'));
    const target = newDirectory();
    await assert.rejects(
      restoreBackup(store.tools.backup(), target, BESIDES),
      failsWith('store-corrupt', /cannot be backed up: .*EIO/),
    );
    assert.deepEqual(readdirSync(target), []);
  });

  it('of one backup, two restored stores part from their first start on', async () => {
    const { bytes } = await filled();
    const epochs: number[] = [];
    for (let times = 0; times < 2; times += 1) {
      const target = newDirectory();
      await restoreBackup(of(bytes), target, BESIDES);
      await using copy = await open(target);
      epochs.push(copy.epoch);
    }
    assert.notEqual(epochs[0], epochs[1]);
  });

  it('has the files beside the store with their modes, and nothing that leads out', async () => {
    const directory = newDirectory();
    const path = join(directory, 'images', '.blobs', 'sha256-ab cd');
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, Buffer.alloc(300_000, 7), { mode: 0o444 });
    mkdirSync(join(directory, 'runs'));
    writeFileSync(join(directory, 'runs', 'x'), 'not kept');
    const target = newDirectory();
    await using store = await open(directory);
    const restored = await restoreBackup(of(await backupOf(store)), target, BESIDES);
    assert.equal(restored.files, 1);
    const copied = join(target, 'images', '.blobs', 'sha256-ab cd');
    assert.deepEqual(readFileSync(copied), Buffer.alloc(300_000, 7));
    assert.equal(statSync(copied).mode & 0o777, 0o444);
    assert.deepEqual(readdirSync(target).toSorted(), ['images', 'store']);
    await assert.rejects(
      restoreBackup(of(await backupOf(store)), newDirectory(), ['logs']),
      failsWith('backup-invalid', /impossible name/),
    );
  });
});

describe('a restore', () => {
  it('refuses what is damaged at any byte or cut anywhere, and puts nothing in place', async () => {
    const { bytes } = await filled();
    const target = newDirectory();
    const refuses = async (damaged: Uint8Array, what: string): Promise<void> => {
      await assert.rejects(
        restoreBackup(of(damaged), target, BESIDES),
        failsWith('backup-invalid', /cannot be used/),
        what,
      );
      assert.deepEqual(readdirSync(target), [], what);
    };
    const step = Math.ceil(bytes.length / 40);
    for (let at = 0; at < bytes.length; at += step) {
      const damaged = Uint8Array.from(bytes, (byte, index) => (index === at ? byte ^ 16 : byte));
      await refuses(damaged, `byte ${at}`);
      await refuses(bytes.subarray(0, at), `cut at ${at}`);
    }
    await refuses(new TextEncoder().encode('a shopping list\n'.repeat(10)), 'no backup');
    await restoreBackup(of(bytes, 1), target, BESIDES);
  });

  it('refuses a directory that is not empty, but for what a restore left that was cut short', async () => {
    const { directory, bytes } = await filled();
    await assert.rejects(
      restoreBackup(of(bytes), directory, BESIDES),
      failsWith('data-dir-unusable', /not empty: it holds store/),
    );
    const target = newDirectory();
    mkdirSync(join(target, 'restore.partial', 'store'), { recursive: true });
    writeFileSync(join(target, 'restore.partial', 'store', '000009.log'), 'half');
    await restoreBackup(of(bytes), target, BESIDES);
    assert.deepEqual(readdirSync(target), ['store']);
  });

  it('is finished by the next start, wherever between its last steps it was killed', async () => {
    const source = newDirectory();
    for (const name of BESIDES) {
      mkdirSync(join(source, name));
      writeFileSync(join(source, name, 'file'), name);
    }
    const bytes = await (async () => {
      await using store = await open(source);
      await store.append(values(1, { a: 1 }));
      return await backupOf(store);
    })();
    const steps = [...BESIDES, 'store'];
    for (let done = 0; done <= steps.length; done += 1) {
      const target = newDirectory();
      await restoreBackup(of(bytes), target, BESIDES);
      const whole = join(target, 'restore.whole');
      mkdirSync(whole);
      for (const name of steps.slice(done)) renameSync(join(target, name), join(whole, name));
      if (done > 0)
        await assert.rejects(
          restoreBackup(of(bytes), target, BESIDES),
          failsWith('data-dir-unusable', /earlier restore into .* is finished now/),
        );
      await using copy = await open(target);
      assert.equal(copy.counts().samples, 1, `killed after ${done} steps`);
      assert.deepEqual(readdirSync(target).toSorted(), steps.toSorted());
    }
  });

  it('that was killed before it was whole keeps a gateway from beginning with nothing in its place', async () => {
    const { bytes } = await filled();
    const target = newDirectory();
    mkdirSync(join(target, 'restore.partial', 'store'), { recursive: true });
    await assert.rejects(open(target), failsWith('data-dir-unusable', /was cut short, or still goes on/));
    await restoreBackup(of(bytes), target, BESIDES);
    await using copy = await open(target);
    assert.equal(copy.counts().samples, 100);
  });

  it('that cannot be finished says what is in its way', async () => {
    const target = newDirectory();
    for (const name of ['restore.whole/images', 'images/hello'])
      mkdirSync(join(target, name), { recursive: true });
    await assert.rejects(
      open(target),
      failsWith('data-dir-unusable', /cannot finish the restore .*ENOTEMPTY/),
    );
  });

  it('takes nothing of a store that was in the same place, and left its newest samples in memory', async () => {
    const { bytes } = await filled();
    const target = newDirectory();
    const path = join(target, 'store');
    const killed = await open(target);
    await killed.append(values(1, { stranger: 1 }));
    const memory = (await prepareMemoryFolder(path)).path ?? assert.fail('there is memory');
    const ring = readFileSync(join(memory, 'head.ring'));
    await killed[Symbol.asyncDispose]();
    rmSync(path, { recursive: true });
    mkdirSync(memory, { mode: 0o700 });
    writeFileSync(join(memory, 'head.ring'), ring);
    await restoreBackup(of(bytes), target, BESIDES);
    assert.ok(!existsSync(memory), 'its frames could be read behind ours');
    await using copy = await open(target);
    assert.deepEqual([copy.counts().series, copy.counts().samples], [2, 100]);
  });
});
