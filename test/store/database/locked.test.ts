import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Level } from 'level';
import { isHeld, whileLocked } from '../../../src/store/database/lock.js';
import { failsWith } from '../../support/expect.js';
import { PERIGEE } from '../../support/gateway-process.js';
import { damaged, everything, folder, noise, open } from '../support-damage.js';
import { values } from '../support-store.js';

/** As in a container beside the gateway's: it sees no process of ours, nor what they lock. */
const APART = ['--pid', '--fork', '--mount-proc'];
const skip = spawnSync('unshare', [...APART, 'true']).status !== 0 && 'needs PID namespaces';

/** Opened before, so that there is a table, and too few of them for LevelDB to sort. */
async function usedOnce(): Promise<string> {
  const directory = mkdtempSync(join(folder, 'once-'));
  await using store = await open(directory);
  await store.append(values(1, { a: 1 }));
  return directory;
}

/** But LevelDB's own log of what it does, which everyone who tries begins anew, and LOCK: reading that would unlock it. */
function bytesOf(store: string): object {
  const names = readdirSync(store).filter((name) => !name.startsWith('LO'));
  return names.map((name) => [name, readFileSync(join(store, name)).toString('latin1')]);
}

describe('a store that a gateway in another container uses', () => {
  for (const args of [['store', 'repair'], ['store', 'check'], ['serve']])
    it(`is not touched by ${args.join(' ')}`, { skip }, async () => {
      const directory = await usedOnce();
      await using store = await open(directory);
      const table = readdirSync(join(directory, 'store')).find((name) => name.endsWith('.ldb')) ?? '';
      noise(table, 0.4, 0.5)(join(directory, 'store'));
      const before = bytesOf(join(directory, 'store'));
      const command = [...APART, process.execPath, PERIGEE, ...args, '--data', directory];
      const { status, stderr } = spawnSync('unshare', command, { encoding: 'utf8', timeout: 20_000 });
      assert.match(stderr, /gateway is using/);
      assert.equal(status, 5);
      assert.deepEqual(bytesOf(join(directory, 'store')), before);
      await store.append(values(2, { a: 2 }));
    });
});

describe('the lock of a store', () => {
  it('is held while its files are worked on, and not after', async () => {
    const directory = join(
      damaged(() => undefined),
      'store',
    );
    await whileLocked(directory, () => {
      const opened = spawnSync(process.execPath, ['-e', OPENING, directory], { cwd: process.cwd() });
      assert.equal(opened.stdout.toString(), 'LEVEL_LOCKED');
      return Promise.resolve();
    });
    assert.equal(await isHeld(directory), false);
    await new Level(directory).close();
  });

  it('is not had where the database is open, by whatever name', async () => {
    const directory = damaged(() => undefined);
    await using store = await open(directory);
    await assert.rejects(
      whileLocked(join(directory, 'x', '..', 'store'), () => Promise.resolve()),
      failsWith('data-dir-locked', /another gateway is using/),
    );
    assert.equal((await everything(store)).length > 0, true);
  });

  it('is of nobody where there is none', async () => {
    const empty = mkdtempSync(join(folder, 'empty-'));
    assert.equal(await isHeld(empty), false);
    assert.deepEqual(readdirSync(empty), []);
  });
});

const OPENING = `
  new (require('level').Level)(process.argv[1]).open().then(
    () => process.stdout.write('open'),
    (error) => process.stdout.write(error.cause.code),
  );`;
