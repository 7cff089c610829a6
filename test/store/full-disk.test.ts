import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, cpSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { BEFORE_EVERYTHING, PerigeeError } from '../../src/domain/index.js';
import type { Clock } from '../../src/domain/index.js';
import { BLOCK_US } from '../../src/store/appender.js';
import { openLevelStore } from '../../src/store/index.js';
import { failsWith } from '../support/expect.js';
import { SILENT } from '../support/loggers.js';
import { tempFolder } from '../support/temp.js';
import { CLOCK, collect, run, values } from './support-store.js';

const mounted: string[] = [];
// Before the folder that they are in is removed: hooks run in the order in which they were told.
after(() => mounted.forEach((directory) => execFileSync('umount', [directory])));
const folder = tempFolder('full-disk');

/** A file system that really fills; undefined where none may be mounted. */
function smallDisk(mebibytes: number): string | undefined {
  const directory = mkdtempSync(join(folder, 'disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'none', directory], {
      stdio: 'ignore',
    });
  } catch {
    return undefined;
  }
  mounted.push(directory);
  return directory;
}

/** Leaves no byte. */
function fillUp(directory: string): string {
  const path = join(directory, 'filler');
  const file = openSync(path, 'w');
  try {
    for (const size of [65_536, 4096]) writeUntilFull(file, size);
  } finally {
    closeSync(file);
  }
  return path;
}

function writeUntilFull(file: number, size: number): void {
  try {
    for (;;) writeSync(file, Buffer.alloc(size));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  }
}

const disk = smallDisk(40);
const secondDisk = smallDisk(40);
const thirdDisk = smallDisk(40);

describe(
  'the LevelDB store on a disk that is full',
  { skip: disk === undefined && 'may not mount one' },
  () => {
    it('goes on in its head log, says so, and makes blocks again once there is space', async () => {
      const directory = disk ?? assert.fail('a disk');
      let us = 0;
      const clock: Clock = { monotonicUs: () => us, wallMs: () => 0 };
      const said: string[] = [];
      const logger = { ...SILENT, error: (_fields: object, message: string) => void said.push(message) };
      let at = 0;
      const append = async (count: number): Promise<void> => {
        for (let left = count; left > 0; left -= 1)
          await store.append(values((at += 1), { a: at, b: at / 7 }));
      };
      const store = await openLevelStore({ directory, clock, logger });
      await append(500);
      const filler = fillUp(directory);
      us += BLOCK_US;
      await append(500);
      assert.match(said.join('; '), /a block could not be written; its samples stay in the head log/);
      assert.deepEqual(store.recording(), { kind: 'waiting', reason: 'disk-full' });
      // What was kept for this is for runs.
      await store.put(run('1', 1));
      us += BLOCK_US;
      await append(500);
      const sequences = Array.from({ length: 2000 }, (_, index) => index + 1);
      const read = async (): Promise<readonly number[]> =>
        (await collect(store.read(BEFORE_EVERYTHING, 1e6))).map(({ position }) => position.sequence);
      assert.deepEqual(await read(), sequences.slice(0, 1500));

      rmSync(filler);
      us += BLOCK_US;
      await append(500);
      await store.put(run('2', 2));
      assert.deepEqual(store.recording(), { kind: 'whole' });
      assert.deepEqual(await read(), sequences);
      await store[Symbol.asyncDispose]();

      await using again = await openLevelStore({ directory, clock, logger });
      assert.equal(again.counts().observations, 2000);
      assert.deepEqual(
        (await collect(again.read(BEFORE_EVERYTHING, 1e6))).map(({ position }) => position.sequence),
        sequences,
      );
      assert.deepEqual(await again.list(10), [run('2', 2), run('1', 1)]);
    });

    it('keeps the record of a run also where its write is the first that fails', async () => {
      const directory = secondDisk ?? assert.fail('a disk');
      await using store = await openLevelStore({ directory, clock: CLOCK, logger: SILENT });
      fillUp(directory);
      // More than what is left of the page that LevelDB's log ends in.
      for (let n = 1; n <= 40; n += 1) await store.put(run(String(n), n));
      assert.equal((await store.list(100)).length, 40);
    });

    it('starts again where it was killed on it, in what was kept for this, and asks for room without that', async () => {
      const directory = thirdDisk ?? assert.fail('a disk');
      const left = mkdtempSync(join(folder, 'killed-'));
      {
        let us = 0;
        const clock: Clock = { monotonicUs: () => us, wallMs: () => 0 };
        await using store = await openLevelStore({ directory: left, clock, logger: SILENT });
        for (let at = 1; at <= 300; at += 1) await store.append(values(at, { a: at }));
        us += BLOCK_US;
        await store.append(values(301, { a: 301 }));
        for (let n = 1; n <= 40; n += 1) await store.put(run(String(n), n));
        // What a process that is killed now leaves.
        cpSync(join(left, 'store'), join(directory, 'store'), { recursive: true });
      }
      fillUp(directory);
      {
        await using store = await openLevelStore({ directory, clock: CLOCK, logger: SILENT });
        assert.equal((await collect(store.read(BEFORE_EVERYTHING, 1e6))).length, 301);
        assert.equal((await store.list(100)).length, 40);
        await store.put(run('41', 41));
        cpSync(join(directory, 'store'), join(left, 'again'), { recursive: true });
      }
      rmSync(join(directory, 'store'), { recursive: true });
      cpSync(join(left, 'again'), join(directory, 'store'), { recursive: true });
      rmSync(join(directory, 'filler'));
      fillUp(directory);
      const opening = openLevelStore({ directory, clock: CLOCK, logger: SILENT });
      await assert.rejects(opening, (error) => {
        assert.ok(error instanceof PerigeeError);
        assert.match(error.cure, /Make room/);
        return failsWith('data-dir-unusable', /No space left on device/)(error);
      });
    });
  },
);
