import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { FolderGroups, openGroups, type Groups, type NoGroups } from '../../src/confinement/groups.js';
import { tempFolder } from '../support/temp.js';

const OURS = 4711;

/** Plain files in place of the kernel's: what is written to them can be read. */
function tree(controllers: string, processes: string): { readonly point: string; readonly folder: string } {
  const point = tempFolder('cgroup');
  const folder = join(point, 'perigee.service');
  mkdirSync(folder);
  writeFileSync(join(folder, 'cgroup.type'), 'domain\n');
  writeFileSync(join(folder, 'cgroup.controllers'), controllers);
  writeFileSync(join(folder, 'cgroup.procs'), processes);
  return { point, folder };
}

function open(point: string, own = '0::/perigee.service\n'): Groups | NoGroups {
  return openGroups({ mounts: `cgroup2 ${point} cgroup2 rw 0 0\n`, own, processId: OURS });
}

function opened(groups: Groups | NoGroups): Groups {
  assert.ok('join' in groups, JSON.stringify(groups));
  return groups;
}

describe('the control groups of guests', () => {
  it('lie beside the one to which the gateway moves, with the limits and the process in them', async () => {
    const { point, folder } = tree('cpuset cpu io memory pids', `${OURS}\n`);
    const groups = opened(open(point));
    assert.deepEqual(groups.controllers, ['memory', 'pids', 'cpu']);
    assert.equal(readFileSync(join(folder, 'perigee-gateway', 'cgroup.procs'), 'utf8'), String(OURS));
    await groups.join('a', [['memory.max', '1000']], 99);
    const inside = (file: string): string => readFileSync(join(folder, 'perigee-run-a', file), 'utf8');
    assert.deepEqual([inside('memory.max'), inside('cgroup.procs')], ['1000', '99']);
    assert.deepEqual(groups.names(), ['a']);
  });

  it('lie beside the gateway where systemd has put it into a group below the one that it left to it', async () => {
    const { point, folder } = tree('memory', '');
    const groups = opened(open(point, '0::/perigee.service/perigee-gateway\n'));
    await groups.join('a', [], 99);
    assert.deepEqual(groups.names(), ['a']);
    assert.equal(existsSync(join(folder, 'perigee-gateway')), false, 'it need not move');
  });

  it('tell that the kernel ended a guest for want of memory, and nothing of one that they do not know', async () => {
    const { point, folder } = tree('memory', `${OURS}\n`);
    const groups = opened(open(point));
    await groups.join('a', [], 99);
    const events = (kills: number): void =>
      writeFileSync(
        join(folder, 'perigee-run-a', 'memory.events'),
        `low 0\nmax 7\noom 1\noom_kill ${kills}\n`,
      );
    events(0);
    assert.equal(groups.outOfMemory('a'), false);
    events(1);
    assert.equal(groups.outOfMemory('a'), true);
    assert.equal(groups.outOfMemory('b'), undefined);
  });

  it('tell nothing of memory where nobody counts it', async () => {
    const { point } = tree('pids cpu', `${OURS}\n`);
    const groups = opened(open(point));
    await groups.join('a', [], 99);
    assert.equal(groups.outOfMemory('a'), undefined);
  });

  const refusals = {
    'in a login session, which others are in': () => open(tree('memory', `1\n${OURS}\n`).point),
    'where no controller was left to the gateway': () => open(tree('hugetlb', `${OURS}\n`).point),
    'where its group cannot be seen': () => open(tree('memory', '').point, '0::/../other\n'),
    'where its group is not there': () => open(tree('memory', '').point, '0::/none\n'),
    'under version 1': () =>
      openGroups({ mounts: 'cgroup /c cgroup rw 0 0\n', own: '4:memory:/\n', processId: 1 }),
  };
  for (const [where, attempt] of Object.entries(refusals)) {
    it(`are not to be had ${where}, and why is said`, () => {
      const groups = attempt();
      assert.ok(!('join' in groups) && groups.why.length > 10, JSON.stringify(groups));
    });
  }
});

const REAL = (
  readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .find((line) => line.includes(' cgroup2 ')) ?? ''
).split(' ')[1];
const folder = join(REAL ?? '/nowhere', `perigee-test-${process.pid}`);

function mayMake(): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch {
    // The answer.
    return false;
  }
}

describe(
  "the kernel's own control groups",
  { skip: !mayMake() && 'no cgroup v2 that may be written' },
  () => {
    after(() => rmdirSync(folder));

    it('take a process, and go when it has ended', async () => {
      const child = spawn('sleep', ['600'], { stdio: 'ignore' });
      assert.ok(child.pid);
      // A root of them for this test: it may hold processes, and its controllers are its parent's to give.
      const groups = new FolderGroups(folder, []);
      await groups.join('a', [], child.pid);
      assert.match(readFileSync(`/proc/${child.pid}/cgroup`, 'utf8'), /^0::.*\/perigee-run-a$/m);
      groups.remove('a');
      assert.deepEqual(groups.names(), ['a'], 'it goes on while something is in it');
      child.kill('SIGKILL');
      await once(child, 'exit');
      groups.remove('a');
      assert.equal(existsSync(join(folder, 'perigee-run-a')), false);
    });
  },
);
