import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { RunRecord } from '../../src/domain/index.js';
import { QEMU_PROGRAMS } from '../../src/images/index.js';
import { hostArchitecture } from '../../src/platform/index.js';
import { tempFolder } from '../support/temp.js';
import { runToEnd, workshop, type Workshop } from './support-runner.js';

const folder = tempFolder('fallback');
let made = 0;

/** Real QEMU, but for what it does with KVM, which is the script's to say. */
function withKvm(script: string): Workshop {
  const program = QEMU_PROGRAMS[hostArchitecture()];
  const qemuDirectory = join(folder, `qemu-${++made}`);
  mkdirSync(qemuDirectory);
  const text = `#!/bin/sh\ncase "$*" in *"-accel kvm"*) ${script};; *) exec ${program} "$@";; esac\n`;
  writeFileSync(join(qemuDirectory, program), text);
  chmodSync(join(qemuDirectory, program), 0o755);
  const shop = workshop({ folder, qemuDirectory, accelerator: 'kvm' });
  after(() => shop.runner[Symbol.asyncDispose]());
  return shop;
}

/** Reads what it is told, as QEMU does: a socket that is closed unread loses what was written to it. */
const RESUMED = `read -r _ <&4; read -r _ <&4; echo '{"QMP": {"version": {"qemu": {"major": 1, "minor": 0, "micro": 0}}}}' >&4; echo '{"event": "RESUME"}' >&4`;
const reason = (run: RunRecord): unknown => (run.state.kind === 'ended' ? run.state.reason : run.state);

describe('an accelerator that fails under a guest', () => {
  const failures = {
    'because QEMU aborts': 'echo "qemu: error: failed to set MSR 0x10a" >&2; kill -ABRT $$',
    'because QEMU stops the guest by itself': `${RESUMED}; echo '{"event": "STOP"}' >&4; exec sleep 600`,
  };
  for (const [how, script] of Object.entries(failures)) {
    it(`${how} is replaced by software, within the same run`, async () => {
      const { runner, journal } = withKvm(script);
      const run = await runToEnd(runner, 'hello');
      assert.deepEqual(reason(run), { kind: 'completed' });
      assert.equal(run.accelerator, 'tcg');
      assert.ok(
        run.commandLine.some((word) => word.startsWith('tcg')),
        run.commandLine.join(' '),
      );
      assert.deepEqual(journal.records.get(run.id), run);
    });
  }

  it('is not tried again for the same image', async () => {
    const { runner } = withKvm(`echo tried >> ${join(folder, 'tried')}; exit 1`);
    await runToEnd(runner, 'hello');
    await runToEnd(runner, 'hello');
    const { readFileSync } = await import('node:fs');
    assert.equal(readFileSync(join(folder, 'tried'), 'utf8'), 'tried\n');
  });

  it('is no excuse for a guest that ended by itself', async () => {
    const { runner } = withKvm(
      `${RESUMED}; echo '{"event": "SHUTDOWN", "data": {"reason": "guest-reset"}}' >&4`,
    );
    const run = await runToEnd(runner, 'hello');
    assert.equal(run.accelerator, 'kvm');
    assert.match(JSON.stringify(reason(run)), /crashed.*reset itself/);
  });
});

describe('a guest that QEMU stops in software', () => {
  it('has crashed, and QEMU does not stay', async () => {
    const { runner } = withKvm('exit 1');
    assert.ok(runner);
    const plain = workshop({ folder, qemuDirectory: stopping() });
    after(() => plain.runner[Symbol.asyncDispose]());
    const run = await runToEnd(plain.runner, 'hello');
    assert.match(JSON.stringify(reason(run)), /crashed.*stopped the guest by itself.*No space left/);
  });
});

/** A disk error pauses a guest like an error of the accelerator's. */
function stopping(): string {
  const qemuDirectory = join(folder, `qemu-${++made}`);
  mkdirSync(qemuDirectory);
  const program = join(qemuDirectory, QEMU_PROGRAMS[hostArchitecture()]);
  writeFileSync(
    program,
    `#!/bin/sh\n${RESUMED}; echo "block I/O error: No space left on device" >&2; sleep 0.1; echo '{"event": "STOP"}' >&4; exec sleep 600\n`,
  );
  chmodSync(program, 0o755);
  return qemuDirectory;
}
