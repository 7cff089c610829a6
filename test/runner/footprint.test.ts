import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { describe, it } from 'node:test';
import { currentUsage, processAgeMs } from '../../src/runner/footprint.js';
import { eventually } from './support-runner.js';

const LINUX = { skip: process.platform !== 'linux' && 'needs /proc' };

/** Descriptors of ours on files of /proc. */
function openInProc(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return /^\/proc\/\d+\/stat$/.test(readlinkSync(`/proc/self/fd/${fd}`));
    } catch {
      // The one by which the folder was read.
      return false;
    }
  }).length;
}

describe('what a process costs', LINUX, () => {
  it('can be asked again and again of processes that end, and holds no descriptor of them', async () => {
    for (let round = 0; round < 5; round += 1) {
      const child = spawn(process.execPath, ['-e', 'setTimeout(() => undefined, 60_000)'], {
        stdio: 'ignore',
      });
      assert.ok(child.pid);
      assert.ok(((await currentUsage(child.pid))?.rssBytes ?? 0) > 0);
      child.kill('SIGKILL');
      await once(child, 'exit');
      assert.equal(await currentUsage(child.pid), undefined);
    }
    await eventually('they are closed', () => openInProc() === 0);
  });

  it('is nothing for one that has gone, and neither is its age', async () => {
    const child = spawn('true');
    await once(child, 'exit');
    assert.ok(child.pid);
    assert.equal(await currentUsage(child.pid), undefined);
    assert.equal(processAgeMs(child.pid), 0);
    const own = processAgeMs(process.pid);
    assert.ok(own > 0 && own <= (process.uptime() + 5) * 1000, String(own));
  });
});
