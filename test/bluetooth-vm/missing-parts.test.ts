import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { PACKAGE_ROOT } from '../../src/platform/index.js';
import { outcomeOf, type Outcome } from '../setup/support-machine.js';

/** A machine on which the parts cannot be had, whatever is in `build/`: of another processor. */
const ELSEWHERE = 'data:text/javascript,Object.defineProperty(process, "arch", { value: "arm" })';
const REASON = /it needs an x86-64 machine, and this is arm/;

function runElsewhere(name: string): Promise<Outcome> {
  const file = join(PACKAGE_ROOT, 'dist', 'test', 'bluetooth-vm', `${name}.test.js`);
  // Without the environment of this test: a runner inside a test file runs nothing.
  const args = ['--test-reporter=tap', `--import=${ELSEWHERE}`, file];
  return outcomeOf(spawn(process.execPath, args, { env: {}, stdio: ['ignore', 'pipe', 'pipe'] }));
}

describe('where the parts of the virtual machine cannot be had', () => {
  it('each test of the short form is skipped, and says why', async () => {
    const { status, stdout } = await runElsewhere('real-kernel.slow');
    const claims = stdout.split('\n').filter((line) => /^ +(not )?ok /.test(line));
    assert.ok(claims.length > 1, stdout);
    for (const claim of claims)
      assert.match(claim, /^ +ok .* # SKIP the parts of the virtual machine cannot be had: /);
    assert.match(stdout, REASON);
    assert.equal(status, 0);
  });

  it('the whole fails, and says why', async () => {
    for (const name of ['stoprocent.vm', 'abandonware.vm']) {
      const { status, stdout } = await runElsewhere(name);
      assert.equal(status, 1, stdout);
      assert.doesNotMatch(stdout, /^ +ok |# SKIP/m);
      assert.match(stdout, REASON);
    }
  });
});
