import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { boardMemory } from '../../src/platform/index.js';

const LINUX = { skip: process.platform !== 'linux' && 'needs /proc' };

/** A line of proc(5), meminfo, which counts in kibibytes. */
function mibOf(name: string): number {
  return (
    Number(new RegExp(`^${name}: +(\\d+)`, 'm').exec(readFileSync('/proc/meminfo', 'latin1'))?.[1]) / 1024
  );
}

describe('the memory of the board', () => {
  it('that can be had is what the kernel says, which would drop its caches for it', LINUX, () => {
    const { availableMib, totalMib } = boardMemory();
    assert.equal(totalMib, Math.floor(mibOf('MemTotal')));
    const [available, unused] = [mibOf('MemAvailable'), mibOf('MemFree')];
    // Other programs take and give some in between.
    assert.ok(
      Math.abs(availableMib - available) <= Math.abs(availableMib - unused),
      `${availableMib} of ${available}`,
    );
  });
});
