import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { BEFORE_EVERYTHING } from '../../src/domain/index.js';
import type { Clock } from '../../src/domain/index.js';
import { BLOCK_US } from '../../src/store/appender.js';
import { openLevelStore, readExistingStore } from '../../src/store/index.js';
import { failsWith } from '../support/expect.js';
import { SILENT } from '../support/loggers.js';
import { tempFolder } from '../support/temp.js';
import { collect, run, values } from './support-store.js';

let isMounted = false;
after(() => {
  if (isMounted) execFileSync('umount', ['--lazy', PLACE]);
});
const folder = tempFolder('read-only-disk');
const IMAGE = join(folder, 'card');
const PLACE = join(folder, 'mounted');

/** A card's file system, which turns read-only at an error, as those of cards do: where the kernel makes one up. */
function mount(): string {
  const options = ['-o', 'loop,errors=remount-ro', IMAGE, PLACE];
  execFileSync('mount', options, { stdio: ['ignore', 'ignore', 'pipe'] });
  isMounted = true;
  const device = execFileSync('findmnt', ['-no', 'SOURCE', PLACE], { encoding: 'utf8' });
  return `/sys/fs/ext4/${basename(device.trim())}/trigger_fs_error`;
}

function unmount(): void {
  execFileSync('umount', [PLACE]);
  isMounted = false;
}

function madeUpError(): string | undefined {
  try {
    execFileSync('truncate', ['-s', '64M', IMAGE]);
    execFileSync('mkfs.ext4', ['-q', '-F', IMAGE], { stdio: 'ignore' });
    mkdirSync(PLACE);
    const trigger = mount();
    return existsSync(trigger) ? trigger : undefined;
  } catch {
    return undefined;
  }
}

const trigger = madeUpError();

describe(
  'a store whose file system turns read-only under it',
  { skip: trigger === undefined && 'no file system can be mounted that fails when it is told to' },
  () => {
    it('goes on in memory, says so, can be read, and is whole again once the card is mended', async () => {
      const directory = join(PLACE, 'data');
      let us = 0;
      const clock: Clock = { monotonicUs: () => us, wallMs: () => 1_700_000_000_000 };
      const options = { directory, clock, logger: SILENT };
      const sequences = async (reader: Pick<typeof store, 'read'>): Promise<readonly number[]> =>
        (await collect(reader.read(BEFORE_EVERYTHING, 1e6))).map(({ position }) => position.sequence);
      const append = async (from: number, to: number): Promise<void> => {
        for (let at = from; at <= to; at += 1) await store.append(values(at, { a: at }));
      };
      const everything = Array.from({ length: 400 }, (_, index) => index + 1);
      const store = await openLevelStore(options);
      await append(1, 299);
      us += BLOCK_US;
      await append(300, 300);

      writeFileSync(trigger ?? assert.fail('a file system that fails'), '1');
      await append(301, 350);
      us += BLOCK_US;
      await append(351, 400);
      assert.deepEqual(store.recording(), { kind: 'waiting', reason: 'read-only' });
      assert.deepEqual(store.recording(), { kind: 'waiting', reason: 'read-only' });
      await assert.rejects(store.put(run('1', 1)), failsWith('data-dir-unusable', /Read-only file system/));
      assert.deepEqual(await sequences(store), everything, 'what was stored can be read');
      await store[Symbol.asyncDispose]();
      await assert.rejects(
        openLevelStore(options),
        failsWith('data-dir-unusable', /[Rr]ead-only file system/),
      );
      {
        await using reader = await readExistingStore(options);
        const request = { series: 'a', fromMs: 0, toMs: 4e12, resolution: 'raw' } as const;
        const points = (await collect(reader.history(request))).flat();
        assert.equal(points.length, 400, 'commands see what is only in memory, too');
      }

      unmount();
      // 1: it mended something.
      assert.equal(spawnSync('e2fsck', ['-fy', IMAGE], { stdio: 'ignore' }).status, 1);
      mount();
      await using again = await openLevelStore(options);
      assert.deepEqual(await sequences(again), everything);
      assert.deepEqual(again.recording(), { kind: 'whole' });
    });
  },
);
