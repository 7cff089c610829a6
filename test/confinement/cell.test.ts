import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createCell, type CellMeans } from '../../src/confinement/cell.js';
import type { Groups } from '../../src/confinement/groups.js';
import { openCatalogue, vmSpec } from '../../src/images/index.js';
import { BUILT_IMAGES, hostArchitecture, newRunId, systemClock } from '../../src/platform/index.js';
import { tempFolder } from '../support/temp.js';

const LINUX = { skip: process.platform !== 'linux' && 'needs /proc' };

/** Groups that are made when the test says so, and what was done with them. */
class SlowGroups implements Groups {
  readonly controllers = ['memory'];
  readonly made = new Set<string>();
  finish: () => void = () => undefined;

  async join(name: string): Promise<void> {
    await new Promise<void>((finish) => (this.finish = finish));
    this.made.add(name);
  }

  outOfMemory(): boolean {
    return false;
  }

  remove(name: string): void {
    this.made.delete(name);
  }

  names(): readonly string[] {
    return [...this.made];
  }
}

async function opened(changes: Partial<CellMeans> = {}) {
  const groups = new SlowGroups();
  const missed: string[] = [];
  const folder = join(tempFolder('cell'), 'one');
  mkdirSync(folder);
  const means: CellMeans = {
    ...{ groups, limit: undefined, clock: systemClock, miss: (what) => missed.push(what) },
    outOfMemory: { source: '', ended: () => true, [Symbol.dispose]: () => undefined },
    ...changes,
  };
  const slot = newRunId();
  const image = await openCatalogue(BUILT_IMAGES).get('hello');
  const spec = vmSpec(image, '', slot, { architecture: hostArchitecture(), accelerator: 'tcg' });
  const place = { slot, folder, user: undefined, alone: false };
  return { cell: createCell(means, place, spec), folder, groups, missed, slot };
}

describe('a cell', LINUX, () => {
  it('lets its guest begin only when it is in its group', async () => {
    const { cell, groups, slot } = await opened();
    const child = spawn('sleep', ['600'], { stdio: 'ignore' });
    let begun = false;
    const held = cell.hold(child.pid ?? 0).then(() => (begun = true));
    await new Promise((go) => setTimeout(go, 50));
    assert.equal(begun, false);
    groups.finish();
    await held;
    assert.deepEqual(groups.names(), [slot]);
    child.kill('SIGKILL');
    await once(child, 'exit');
    cell.close(child.pid, true);
    assert.deepEqual(groups.names(), []);
  });

  it('leaves neither folder nor group, also where its guest ended while the group was made', async () => {
    const { cell, folder, groups, missed } = await opened();
    const child = spawn('true', { stdio: 'ignore' });
    await once(child, 'exit');
    const held = cell.hold(child.pid ?? 0);
    await new Promise((go) => setImmediate(go));
    cell.close(child.pid, false);
    groups.finish();
    await held;
    assert.deepEqual([groups.names(), existsSync(folder), missed], [[], false, []]);
  });

  it('believes its group, and asks nobody else, whether there was memory', async () => {
    const { cell } = await opened();
    assert.equal(cell.close(1, true), false);
    const without = await opened({ groups: { why: 'a test' } });
    assert.equal(without.cell.close(1, true), true);
    assert.equal((await opened({ groups: { why: 'a test' } })).cell.close(1, false), false);
  });

  it('says what it could not do, and lets its guest begin all the same', async () => {
    const groups = new SlowGroups();
    groups.join = () => Promise.reject(new Error('EROFS: read-only file system'));
    const { cell, missed } = await opened({ groups });
    const child = spawn('sleep', ['600'], { stdio: 'ignore' });
    await cell.hold(child.pid ?? 0);
    assert.deepEqual(missed, ['group']);
    child.kill('SIGKILL');
    cell.close(child.pid, false);
  });
});
