import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { perigee } from '@perigee/proto';
import type { RunRecord } from '../../src/domain/index.js';
import { QEMU_PROGRAMS } from '../../src/images/index.js';
import { hostArchitecture } from '../../src/platform/index.js';
import { tempFolder } from '../support/temp.js';
import { isAlive, runToEnd, until, workshop, type Workshop } from './support-runner.js';

const folder = tempFolder('monitor');
let fakes = 0;

const GREETING = `echo '{"QMP": {"version": {"qemu": {"major": 1, "minor": 0, "micro": 0}}}}' >&4; echo '{"event": "RESUME"}' >&4`;

/** Frames of a guest, in a file that a fake monitor can write to the channel. */
function framesFile(frames: readonly perigee.v1.GuestFrame.$Properties[]): string {
  const path = join(folder, `frames-${++fakes}`);
  writeFileSync(
    path,
    Buffer.concat(frames.map((frame) => perigee.v1.GuestFrame.encode(frame).ldelim().finish())),
  );
  return path;
}

const HELLO = { hello: { protocol: 1, image: 'hello', version: '1' } };
const DECLARE = { declare: { metric: 1, name: 'flood', unit: perigee.v1.Unit.UNIT_COUNT } };
const REPORT = { report: { guestUs: 1, values: [{ metric: 1, value: 1 }] } };
const DONE = { done: { status: 0 } };

/** A program in QEMU's place: for what real QEMU cannot be made to do. */
function workshopWith(script: string): Workshop {
  const qemuDirectory = join(folder, `qemu-${++fakes}`);
  mkdirSync(qemuDirectory);
  const program = join(qemuDirectory, QEMU_PROGRAMS[hostArchitecture()]);
  writeFileSync(program, `#!/bin/sh\n${script}\n`);
  chmodSync(program, 0o755);
  const made = workshop({ folder, qemuDirectory });
  after(() => made.runner[Symbol.asyncDispose]());
  return made;
}

const reason = (run: RunRecord): unknown => (run.state.kind === 'ended' ? run.state.reason : run.state);

describe('a monitor', () => {
  it('that is not installed is a run that could not start, and says what to install', async () => {
    const { runner } = workshop({ folder, qemuDirectory: join(folder, 'nowhere') });
    after(() => runner[Symbol.asyncDispose]());
    assert.match(
      JSON.stringify(reason(await runToEnd(runner, 'hello'))),
      /host-refused.*not installed; install QEMU/,
    );
  });

  it('that aborts in machine init is shown with its own message', async () => {
    const { runner } = workshopWith('echo "qemu: property microvm.pit not found" >&2; exit 1');
    const expected = { kind: 'host-refused', detail: 'qemu: property microvm.pit not found' };
    assert.deepEqual(reason(await runToEnd(runner, 'hello')), expected);
  });

  it('that ends with 0 without a word is no success', async () => {
    const { runner } = workshopWith('exit 0');
    assert.match(JSON.stringify(reason(await runToEnd(runner, 'hello'))), /host-refused.*status 0/);
  });

  it('that floods its console and its monitor with garbage harms nobody else', async () => {
    const { runner, logDirectory } = workshopWith(
      'head -c 600000 /dev/urandom; head -c 600000 /dev/urandom >&4; head -c 600000 /dev/urandom >&3',
    );
    const run = await runToEnd(runner, 'hello');
    assert.equal(run.state.kind, 'ended');
    assert.equal(run.faults.badFrames, 1);
    const kept = readdirSync(logDirectory).filter((name) => name.startsWith(run.id));
    const bytes = kept.reduce((sum, name) => sum + statSync(join(logDirectory, name)).size, 0);
    assert.ok(bytes > 180_000 && bytes <= 256 * 1024, `${bytes} bytes are kept`);
  });

  it('whose guest says that it is done, and stays, is ended all the same', async () => {
    const { runner } = workshopWith(
      `cat ${framesFile([HELLO, DECLARE, REPORT, DONE])} >&3; ${GREETING}; exec sleep 600`,
    );
    const run = await runToEnd(runner, 'hello');
    assert.deepEqual(reason(run), { kind: 'completed' });
    assert.equal(isAlive(run.processId ?? assert.fail('a process id')), false);
  });

  it('whose guest floods its channel with reports is counted, and fills neither the store nor the log', async () => {
    const flood = framesFile([HELLO, DECLARE, ...Array.from({ length: 50_000 }, () => REPORT), DONE]);
    const { runner, observations } = workshopWith(`${GREETING}; cat ${flood} >&3; exec sleep 600`);
    const run = await runToEnd(runner, 'hello');
    const reported = observations.filter(({ samples }) =>
      samples.some(({ series }) => series.name === 'flood'),
    );
    assert.ok(reported.length >= 1 && reported.length < 5000, `${reported.length} observations`);
    assert.equal(reported.length + run.faults.droppedValues, 50_000);
  });

  it('that ignores every request and SIGTERM is ended by SIGKILL', async () => {
    const { runner } = workshopWith(
      `trap '' TERM INT HUP; echo '{"QMP": {"version": {"qemu": {"major": 1, "minor": 0, "micro": 0}}}}' >&4; while :; do sleep 0.1; done`,
    );
    const run = await until(
      runner,
      'hello',
      '',
      (news) => news.kind === 'changed' && news.run.processId !== undefined,
    );
    assert.deepEqual(reason(await runner.stop(run.id)), { kind: 'killed-by-user' });
    assert.equal(isAlive(run.processId ?? assert.fail('a process id')), false);
  });
});
