import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { RunRecord } from '../../src/domain/index.js';
import { PACKAGE_ROOT } from '../../src/platform/index.js';
import { isAlive } from '../runner/support-runner.js';
import { lastLine, perigee } from '../support/command.js';
import { PERIGEE, startGatewayProcess, type GatewayProcess } from '../support/gateway-process.js';
import { tempFolder } from '../support/temp.js';

const folder = tempFolder('commands');
const parse = (text: string): unknown => JSON.parse(lastLine(text));

describe('perigee, where no gateway runs,', () => {
  it('says its version', async () => {
    const { version } = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8')) as {
      version: string;
    };
    assert.equal((await perigee(['--version'])).stdout.trim(), version);
    // By its first line, as a shell or npx starts it.
    assert.equal((await promisify(execFile)(PERIGEE, ['--version'])).stdout.trim(), version);
  });

  it('has help with an example for every command', async () => {
    for (const command of ['serve', 'demo', 'run', 'ps', 'stop', 'logs', 'export', 'images', 'doctor']) {
      const { status, stdout } = await perigee([command, '--help']);
      assert.equal(status, 0);
      assert.match(stdout, new RegExp(`Example:\\n  perigee ${command}`));
    }
  });

  it('runs hello on a gateway of its own, and shows the first metric', async () => {
    const { status, stdout, stderr } = await perigee(['run', 'hello', '--data', join(folder, 'own')]);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /hello (reporting|stopping|completed): first metric after [\d.]+ ms/);
  });

  it('follows hello to its end, with its console and its metrics', async () => {
    const { status, stdout } = await perigee(['run', 'hello', '--follow', '--data', join(folder, 'own')]);
    assert.equal(status, 0);
    assert.match(stdout, /perigee hello .* ready/);
    assert.match(stdout, /guest_boot\{image="hello"\} [\d.]+ ms/);
    assert.match(lastLine(stdout), /completed/);
  });

  it('gives the whole record of a run as JSON', async () => {
    const { stdout } = await perigee(['run', 'hello', '--follow', '--json', '--data', join(folder, 'own')]);
    const run = parse(stdout) as RunRecord;
    assert.deepEqual(run.state, { kind: 'ended', reason: { kind: 'completed' } });
    assert.ok(run.commandLine.includes('-kernel'));
  });

  it('lists the images', async () => {
    const { images } = parse((await perigee(['images', '--json'])).stdout) as {
      images: { name: string; architectures: string[] }[];
    };
    assert.deepEqual(
      images.map(({ name }) => name),
      ['hello', 'hostsense', 'netsense'],
    );
    assert.deepEqual(images[0]?.architectures, ['x86_64', 'arm64', 'armv7']);
  });

  it('checks the board, and fails when QEMU is missing', async () => {
    const good = await perigee(['doctor', '--json', '--data', join(folder, 'own')]);
    assert.equal(good.status, 0, good.stdout);
    const bad = await perigee(['doctor', '--json', '--data', join(folder, 'own')], { PATH: '/nowhere' });
    assert.equal(bad.status, 1);
    const findings = parse(bad.stdout) as { name: string; verdict: string }[];
    assert.deepEqual(
      findings.filter(({ verdict }) => verdict === 'fail').map(({ name }) => name),
      ['QEMU'],
    );
  });
});

describe('perigee, with a gateway that runs,', () => {
  let gateway: GatewayProcess;
  let data: readonly string[];
  before(async () => {
    gateway = await startGatewayProcess({ keepRunning: '[]', 'radio.mode': 'off', 'web.port': '0' });
    data = ['--data', gateway.directory];
  });
  after(() => gateway[Symbol.asyncDispose]());

  it('starts a guest that outlives the command, lists it, shows its console, and stops it', async () => {
    const started = parse(
      (await perigee(['run', 'hello', '--args', 'stay=1', '--json', ...data])).stdout,
    ) as RunRecord;
    const listed = await perigee(['ps', ...data]);
    assert.match(listed.stdout, new RegExp(`${started.id} +hello .* reporting`));
    const logs = await perigee(['logs', started.id.slice(0, 6), ...data]);
    assert.match(logs.stdout, /perigee hello .* ready/);
    const stopped = await perigee(['stop', started.id.slice(0, 6), ...data]);
    assert.match(stopped.stdout, /stopped on request/);
    assert.equal(isAlive(started.processId ?? assert.fail('a process id')), false);
    assert.doesNotMatch((await perigee(['ps', ...data])).stdout, new RegExp(started.id));
    assert.match(
      (await perigee(['ps', '--all', ...data])).stdout,
      new RegExp(`${started.id}.*stopped on request`),
    );
  });

  it('does not know a run that never was', async () => {
    for (const [name, reason] of [
      ['ffffffffffffffff', /there is no run ffff/],
      ['ffff', /no run begins with "ffff"/],
    ] as const) {
      const { status, stderr } = await perigee(['stop', name, ...data]);
      assert.equal(status, 14);
      assert.match(stderr, reason);
    }
  });
});

describe('doctor, with a gateway whose backend does not answer,', () => {
  it('notes that it waits, and why', async () => {
    await using gateway = await startGatewayProcess({
      ...{ 'radio.mode': 'off', 'web.enabled': 'false' },
      ...{ 'sync.url': 'http://127.0.0.1:9', 'sync.intervalMs': '1000' },
    });
    while (!(await gateway.control.status()).sync.waiting) await delay(50);
    const { stdout } = await perigee(['doctor', '--json', '--data', gateway.directory]);
    const findings = parse(stdout) as { name: string; verdict: string; text: string }[];
    const backend = findings.find(({ name }) => name === 'Backend');
    assert.equal(backend?.verdict, 'note');
    assert.match(backend.text, /waits, and tries again: \S/);
  });
});

describe('a gateway that is told to end', () => {
  it('ends its guests first, and finds everything stored when it starts again', async () => {
    await using first = await startGatewayProcess({
      'radio.mode': 'off',
      'web.enabled': 'false',
      keepRunning: '[]',
    });
    let run: RunRecord | undefined;
    for await (const news of first.control.run({
      id: '00000000000000aa' as never,
      image: 'hello',
      args: 'stay=1',
    })) {
      if (news.kind !== 'console') run = news.run;
      if (news.kind === 'report') break;
    }
    process.kill(first.processId, 'SIGTERM');
    await first.exited;
    assert.equal(isAlive(run?.processId ?? assert.fail('a process id')), false);
    const { stdout } = await perigee(['run', 'hello', '--follow', '--json', '--data', first.directory]);
    assert.equal((parse(stdout) as RunRecord).state.kind, 'ended');
  });
});
