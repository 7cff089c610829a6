import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, describe, it } from 'node:test';
import { systemClock } from '../../src/platform/index.js';
import { memoryGroup } from '../support/memory-group.js';
import { endsProcess, watchOutOfMemory } from '../../src/confinement/out-of-memory.js';

const GLOBAL =
  '3,1201,5000000,-;Out of memory: Killed process 812 (perigee-1a2b3c4) total-vm:340000kB, anon-rss:64000kB, file-rss:0kB, shmem-rss:0kB, UID:70000 pgtables:180kB oom_score_adj:500\n';
const OF_GROUP =
  '3,1202,6000000,-;Memory cgroup out of memory: Killed process 813 (qemu-system-x86) total-vm:340000kB, anon-rss:64000kB\n SUBSYSTEM=x\n';

const group = memoryGroup();
after(() => group?.[Symbol.dispose]());

describe(
  'a process that the kernel ends for want of memory',
  { skip: group === undefined && 'no memory control group that may be written' },
  () => {
    const exhausted = async (log: string): Promise<boolean> => {
      using memory = watchOutOfMemory(log);
      const sinceUs = systemClock.monotonicUs();
      const child = spawn('sh', ['-c', group?.exhaust ?? '']);
      await once(child, 'exit');
      return memory.ended(child.pid ?? 0, sinceUs);
    };

    it("is told by the kernel's log", async () => {
      assert.equal(await exhausted('/dev/kmsg'), true);
    });

    it("is told by the kernel's counter, where the log may not be read", async () => {
      assert.equal(await exhausted('/proc/no-such-log'), true);
    });

    it('is another than one that somebody killed', async () => {
      using memory = watchOutOfMemory();
      const sinceUs = systemClock.monotonicUs();
      const child = spawn('sh', ['-c', 'kill -9 $$']);
      await once(child, 'exit');
      assert.equal(memory.ended(child.pid ?? 0, sinceUs), false);
    });
  },
);

describe("the kernel's log", () => {
  it('tells of a process that the board, or its group, had no memory for', () => {
    assert.equal(endsProcess(GLOBAL, 812, 0), true);
    assert.equal(endsProcess(OF_GROUP, 813, 0), true);
  });

  it('tells of no other process, and of none that had the number before', () => {
    assert.equal(endsProcess(GLOBAL, 81, 0), false);
    assert.equal(endsProcess(GLOBAL, 8123, 0), false);
    assert.equal(endsProcess(GLOBAL, 812, 5_000_001), false);
  });

  it('is not believed where a program only writes of it', () => {
    for (const record of [
      '6,1203,7000000,-;oom-kill:constraint=CONSTRAINT_NONE,task=perigee,pid=812,uid=0\n',
      '12,1204,7000000,-;Out of memory: Killed process 812 (x) total-vm:1kB\n',
      '6,1204,7000000,-;usb: Out of memory: Killed process 812 (x) total-vm:1kB\n',
      'Out of memory: Killed process 812 (x) total-vm:1kB\n',
      '',
    ])
      assert.equal(endsProcess(record, 812, 0), false, record);
  });
});

describe('where the log may not be read', () => {
  it("the kernel's counter is asked, and says nothing while nothing happens", () => {
    using witness = watchOutOfMemory('/proc/no-such-log');
    assert.match(witness.source, /counter/);
    assert.equal(witness.ended(process.pid, 0), false);
  });
});
