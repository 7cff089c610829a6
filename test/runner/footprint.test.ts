import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { describe, it } from 'node:test';
import {
  currentPages,
  currentUsage,
  foldFootprint,
  measureAll,
  processAgeMs,
} from '../../src/runner/footprint.js';
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

/** proc(5), statm. */
function residentPages(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]);
}

describe('what a process costs', LINUX, () => {
  it('can be asked again and again of processes that end, and holds no descriptor of them', async () => {
    for (let round = 0; round < 5; round += 1) {
      const child = spawn(process.execPath, ['-e', 'setTimeout(() => undefined, 60_000)'], {
        stdio: 'ignore',
      });
      const { pid } = child;
      assert.ok(pid);
      // Just started, it is between two programs, and has no memory; the kernel also counts late.
      await eventually('it has memory', () => residentPages(pid) > 0);
      assert.ok(((await currentUsage([pid])).get(pid)?.rssBytes ?? 0) > 0);
      child.kill('SIGKILL');
      await once(child, 'exit');
      assert.equal((await currentUsage([pid])).size, 0);
    }
    await eventually('they are closed', () => openInProc() === 0);
  });

  it('counts what it shares with others in part, and what it has for itself whole', async () => {
    const pages = await currentPages(process.pid);
    const all = measureAll(process.pid);
    assert.ok(pages && all);
    assert.ok(0 < pages.privateBytes && pages.privateBytes <= pages.pssBytes, JSON.stringify(pages));
    assert.ok(pages.pssBytes <= all.peakRssBytes && all.cpuUserSeconds > 0, JSON.stringify(all));
  });

  it('keeps its peaks when it shrinks, and when its pages were not counted', () => {
    const cpu = { cpuUserSeconds: 1, cpuSystemSeconds: 2 };
    const high = foldFootprint(undefined, { ...cpu, peakRssBytes: 9, pssBytes: 8, privateBytes: 7 });
    assert.deepEqual(foldFootprint(high, { ...cpu, peakRssBytes: 9, pssBytes: 3, privateBytes: 2 }), high);
    assert.deepEqual(foldFootprint(high, { ...cpu, peakRssBytes: 9 }), high);
  });

  it('is nothing for one that has gone, and neither is its age', async () => {
    const child = spawn('true');
    await once(child, 'exit');
    assert.ok(child.pid);
    assert.deepEqual([...(await currentUsage([child.pid, process.pid])).keys()], [process.pid]);
    assert.equal(await currentPages(child.pid), undefined);
    assert.equal(measureAll(child.pid), undefined);
    assert.equal(processAgeMs(child.pid), 0);
    const own = processAgeMs(process.pid);
    assert.ok(own > 0 && own <= (process.uptime() + 5) * 1000, String(own));
  });
});
