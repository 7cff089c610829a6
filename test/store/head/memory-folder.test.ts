import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { prepareMemoryFolder } from '../../../src/store/head/memory-folder.js';
import { tempFolder } from '../../support/temp.js';

const folder = tempFolder('memory-folder');
const newStore = (): string => mkdtempSync(join(folder, 'store-'));

/** What a killed process leaves in memory, last written so long ago. */
async function left(store: string, hoursAgo: number): Promise<string> {
  const { path } = await prepareMemoryFolder(store);
  assert.ok(path !== undefined);
  writeFileSync(join(path, 'head.ring'), 'samples');
  const time = Date.now() / 1000 - hoursAgo * 3600;
  utimesSync(join(path, 'head.ring'), time, time);
  return path;
}

describe(
  'what a killed process left in memory',
  { skip: !existsSync('/dev/shm') && 'needs /dev/shm' },
  () => {
    it('waits an hour for its card, whoever opens another store meanwhile, and goes then', async () => {
      const store = newStore();
      const memory = await left(store, 0.9);
      renameSync(store, `${store}-pulled`);
      await prepareMemoryFolder(newStore());
      assert.ok(existsSync(join(memory, 'head.ring')));
      mkdirSync(store);
      await left(store, 1.1);
      rmSync(store, { recursive: true });
      await prepareMemoryFolder(newStore());
      assert.ok(!existsSync(memory));
    });
  },
);
