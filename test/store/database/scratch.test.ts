import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { makeScratch } from '../../../src/store/database/scratch.js';
import { failsWith } from '../../support/expect.js';

describe('a folder for looking at a store', () => {
  it('takes those with it that killed processes left, and no other', async () => {
    const dead = spawnSync('true').pid;
    const left = join(tmpdir(), `perigee-scratch-${dead}-left`);
    const used = join(tmpdir(), `perigee-scratch-${process.ppid}-used`);
    for (const path of [left, used]) mkdirSync(join(path, 'store'), { recursive: true });
    try {
      let path: string;
      {
        await using scratch = await makeScratch();
        path = scratch.path;
        assert.deepEqual([left, used, path].map(existsSync), [false, true, true]);
      }
      assert.ok(!existsSync(path));
    } finally {
      rmSync(used, { recursive: true });
    }
  });

  it('says which variable helps where none can be made', async () => {
    const before = process.env['TMPDIR'];
    process.env['TMPDIR'] = '/proc';
    try {
      await assert.rejects(makeScratch(), failsWith('data-dir-unusable', /cannot make a folder in \/proc/));
    } finally {
      if (before === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = before;
    }
  });
});
