import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { EndReason, Flavour } from '../../src/domain/index.js';
import { QEMU_PROGRAMS } from '../../src/images/index.js';
import { imageFolder } from '../images/support-folder.js';
import { tempFolder } from '../support/temp.js';
import { isAlive, runToEnd, workshop } from './support-runner.js';

const folder = tempFolder('exit-lies');
const images = join(folder, 'images');
const KERNEL = Buffer.from('a kernel');
let fakes = 0;

/** Reads what it is told, as QEMU does: a socket that is closed unread loses what was written to it. */
const BOOTED = `read -r _ <&4; read -r _ <&4; echo '{"QMP": {"version": {"qemu": {"major": 1, "minor": 0, "micro": 0}}}}' >&4; echo '{"event": "RESUME"}' >&4`;
const SHUTDOWN = (reason: string): string =>
  `echo '{"event": "SHUTDOWN", "data": {"reason": "${reason}"}}' >&4`;

/** The end of a run whose QEMU does what the script says once the guest runs. */
async function endOf(flavour: Flavour, script: string, before = BOOTED): Promise<EndReason> {
  const qemuDirectory = join(folder, `qemu-${++fakes}`);
  mkdirSync(qemuDirectory);
  const program = join(qemuDirectory, QEMU_PROGRAMS.x86_64);
  writeFileSync(program, `#!/bin/sh\n${before}\n${script}\n`);
  chmodSync(program, 0o755);
  imageFolder(
    images,
    flavour,
    [`flavour: ${flavour}`, 'memoryMib: 64', 'readyText: ready', 'metrics: lines'],
    KERNEL,
  );
  const { runner } = workshop({ folder, images, qemuDirectory, architecture: 'x86_64' });
  after(() => runner[Symbol.asyncDispose]());
  const { processId, state } = await runToEnd(runner, flavour);
  assert.equal(isAlive(processId ?? assert.fail('a process id')), false);
  return state.kind === 'ended' ? state.reason : assert.fail(state.kind);
}

describe('an exit status of 0', () => {
  it('after a guest that reset itself is a crash in every family', async () => {
    for (const flavour of ['unikraft', 'osv', 'nanos', 'includeos', 'rumprun', 'linux', 'raw'] as const) {
      const reason = await endOf(flavour, `${SHUTDOWN('guest-reset')}; exit 0`);
      assert.match(JSON.stringify(reason), /crashed.*reset itself/, flavour);
    }
  });

  it('after a power-off is the good end of a family that has no other', async () => {
    assert.deepEqual(await endOf('osv', `${SHUTDOWN('guest-shutdown')}; exit 0`), { kind: 'completed' });
  });

  it('after a power-off is a crash where the console told a failure, with what to do about it', async () => {
    const line = '[    0.1] ERR:  [libukrandom] <random.c @   65> Could not initialize the HWRNG (-95)';
    const reason = await endOf('unikraft', `echo '${line}'; ${SHUTDOWN('guest-shutdown')}; exit 0`);
    assert.match(JSON.stringify(reason), /crashed.*HWRNG \(-95\) \(it needs RDRAND and RDSEED.*use KVM/);
  });

  it('after a power-off gives way to the status that the family prints', async () => {
    const script = `echo 'program /hello.so returned 7'; ${SHUTDOWN('guest-shutdown')}; exit 0`;
    assert.deepEqual(await endOf('osv', script), { kind: 'exit-code', code: 7 });
  });

  it('after a panic that the guest reported is a crash', async () => {
    const script = `echo '{"event": "GUEST_PANICKED"}' >&4; ${SHUTDOWN('guest-panic')}; exit 0`;
    assert.match(JSON.stringify(await endOf('linux', script)), /crashed.*reported a panic/);
  });
});

describe('the status of a device that ends QEMU', () => {
  it('is no success of a family that always gives the same', async () => {
    assert.match(JSON.stringify(await endOf('mirage', 'exit 83')), /crashed.*status 83/);
    const said = await endOf('mirage', 'echo "Solo5: solo5_exit(0) called"; exit 83');
    assert.deepEqual(said, { kind: 'completed' });
    const aborted = await endOf('mirage', 'echo "Solo5: solo5_abort() called"; exit 83');
    assert.equal(aborted.kind, 'crashed');
  });

  it("is the guest's own in a family that gives it", async () => {
    assert.deepEqual(await endOf('nanos', 'exit 1'), { kind: 'completed' });
    assert.deepEqual(await endOf('nanos', 'exit 15'), { kind: 'exit-code', code: 7 });
    assert.deepEqual(await endOf('hermit', 'exit 3'), { kind: 'completed' });
    assert.deepEqual(await endOf('hermit', 'exit 1'), { kind: 'exit-code', code: 1 });
  });

  it('counts also where a newer QEMU calls it a power-off', async () => {
    const script = `${SHUTDOWN('guest-shutdown')}; exit 15`;
    assert.deepEqual(await endOf('nanos', script), { kind: 'exit-code', code: 7 });
  });

  it('is none where QEMU says that it failed itself, or has not begun', async () => {
    const failed = await endOf('nanos', 'echo "qemu: terminating: disk is gone" >&2; exit 1');
    assert.match(JSON.stringify(failed), /crashed.*disk is gone/);
    const refused = await endOf('nanos', 'exit 1', 'true');
    assert.match(JSON.stringify(refused), /host-refused.*status 1/);
  });

  it('says nothing after a panic on the console', async () => {
    const reason = await endOf('nanos', 'echo "*** signal 11 received by tid 2"; exit 1');
    assert.match(JSON.stringify(reason), /crashed.*signal 11/);
  });
});

describe('a guest that has told its end, and stays', () => {
  it('is ended, as Rumprun, which halts', async () => {
    const script = 'echo "=== main() of \\"sensor\\" returned 3 ==="; echo halted; exec sleep 600';
    assert.deepEqual(await endOf('rumprun', script), { kind: 'exit-code', code: 3 });
  });

  it('is ended in a family that powers off, if it does not', async () => {
    const script = 'echo "program /sensor.so returned 3"; exec sleep 600';
    assert.deepEqual(await endOf('osv', script), { kind: 'exit-code', code: 3 });
  });

  it('is ended after a failure too, once it has had the time to say more', async () => {
    const reason = await endOf(
      'includeos',
      'echo "**** PANIC ****"; sleep 0.3; echo backtrace; exec sleep 600',
    );
    assert.deepEqual(reason, { kind: 'crashed', detail: '**** PANIC ****' });
  });
});

describe('a QEMU that aborts in machine init', () => {
  it('is shown with its own message', async () => {
    const words = "qemu-system-x86_64: unsupported machine type 'pc'";
    const reason = await endOf('raw', `echo "${words}" >&2; exit 1`, 'true');
    assert.deepEqual(reason, { kind: 'host-refused', detail: words });
  });
});
