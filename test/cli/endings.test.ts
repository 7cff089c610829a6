import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { runHello } from '../../src/cli/demo-hello.js';
import type { DemoSummary } from '../../src/cli/index.js';
import type { RunNews, RunRecord } from '../../src/domain/index.js';
import { controlSocket } from '../../src/platform/index.js';
import { changedImage } from '../runner/support-runner.js';
import { lastLine, perigee } from '../support/command.js';
import { PERIGEE, startGatewayProcess } from '../support/gateway-process.js';
import { tempFolder } from '../support/temp.js';

const folder = tempFolder('endings');
const QUIET = { keepRunning: '[]', 'radio.mode': 'off', 'web.enabled': 'false' };

/** What the command wrote on standard error, its exit status last, while a shell piped its output into a program. */
async function piped(command: string, into: string): Promise<string> {
  const script = `(${process.execPath} ${PERIGEE} ${command}; echo "status $?" >&2) | ${into}`;
  const { stderr } = await promisify(execFile)('sh', ['-c', script]);
  return stderr.trim();
}

describe('a command whose reader has gone', () => {
  it('ends quietly and well', async () => {
    for (const command of ['images', 'images --json', '--help'])
      assert.equal(await piped(command, 'true'), 'status 0', command);
  });

  it('ends its guest and its gateway first, where they are its own', async () => {
    const data = join(folder, 'own');
    const stderr = await piped(`run hello --args stay=1 --follow --data ${data}`, 'head -n 1');
    assert.equal(lastLine(stderr), 'status 0', stderr);
    assert.doesNotMatch(stderr, /Error|\bat /);
    assert.equal(existsSync(controlSocket(data)), false, 'its gateway closed the socket');
  });

  it('ends although the run goes on, where it only looks', async () => {
    await using gateway = await startGatewayProcess(QUIET);
    const started = await perigee([
      'run',
      'hello',
      '--args',
      'stay=1',
      '--json',
      '--data',
      gateway.directory,
    ]);
    const { id } = JSON.parse(lastLine(started.stdout)) as RunRecord;
    assert.equal(await piped(`logs ${id} --follow --data ${gateway.directory}`, 'true'), 'status 0');
    assert.equal((await gateway.control.status()).activeRuns, 1);
  });
});

describe('a run of a guest that was kept ready', () => {
  it('is summed up like any other', async () => {
    await using gateway = await startGatewayProcess({ ...QUIET, 'runner.warm': '{hello: 1}' });
    while ((await gateway.control.status()).readyGuests['hello'] !== 1) await delay(20);
    const { stdout } = await perigee(['run', 'hello', '--data', gateway.directory]);
    assert.match(stdout, /hello (reporting|stopping|completed): first metric after [\d.]+ ms \(kept ready\)/);
  });
});

describe('Ctrl-C, which reaches all that a terminal started,', () => {
  it('ends a run of its own as stopped on request, and the command well', async () => {
    const command = ['run', 'netsense', '--follow', '--json', '--data', join(folder, 'interrupted-run')];
    const child = spawn(process.execPath, [PERIGEE, ...command], { detached: true, stdio: 'pipe' });
    const exited = once(child, 'exit');
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => {
      const reported = stdout.includes('"kind":"report"');
      stdout += chunk.toString();
      if (!reported && stdout.includes('"kind":"report"')) process.kill(-(child.pid ?? 0), 'SIGINT');
    });
    assert.deepEqual(await exited, [0, null]);
    const { state } = JSON.parse(lastLine(stdout)) as RunRecord;
    assert.deepEqual(state, { kind: 'ended', reason: { kind: 'killed-by-user' } });
  });
});

describe('a command whose gateway ends', () => {
  async function follow(signal: NodeJS.Signals): Promise<readonly [number | null, string, string]> {
    await using gateway = await startGatewayProcess(QUIET);
    const command = ['run', 'hello', '--args', 'stay=1', '--follow', '--data', gateway.directory];
    const child = spawn(process.execPath, [PERIGEE, ...command], { stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      if (chunk.includes('guest_boot')) process.kill(gateway.processId, signal);
    });
    const [status] = (await once(child, 'close')) as [number | null];
    return [status, stdout, stderr];
  }

  it('tells the end of the run, which ends with its gateway', async () => {
    const [status, stdout, stderr] = await follow('SIGTERM');
    assert.equal(status, 0, stderr);
    assert.match(stdout, / hello: stopped on request\n/);
  });

  it('says so of one that was killed in one line with what to do, and its documented status', async () => {
    const [status, , stderr] = await follow('SIGKILL');
    assert.equal(status, 17, stderr);
    assert.match(stderr, /^perigee: the gateway ended while its news were read\n {2}Start it again.*\n$/);
  });
});

describe('logs', () => {
  it('shows what ended runs printed, all or the last lines of it, where no gateway runs', async () => {
    const data = ['--data', join(folder, 'logs')];
    const ran = await perigee(['run', 'hello', '--follow', '--json', ...data]);
    const { id } = JSON.parse(lastLine(ran.stdout)) as RunRecord;
    assert.match((await perigee(['logs', id.slice(0, 8), ...data])).stdout, /^perigee hello .* ready\n$/);
    assert.equal((await perigee(['logs', id, '--tail', '0', ...data])).stdout, '');
    const json = await perigee(['logs', id, '-f', '-n', '5', '--json', ...data]);
    assert.match(json.stdout, new RegExp(`^{"id":"${id}","log":"perigee hello .* ready\\\\n"}\n$`));
    assert.match(json.stderr, /No gateway runs/);
  });
});

describe('logs --follow', () => {
  it('goes on until the run ends', async () => {
    await using gateway = await startGatewayProcess(QUIET);
    const data = ['--data', gateway.directory];
    const ran = await perigee(['run', 'hello', '--args', 'stay=1', '--json', ...data]);
    const { id } = JSON.parse(lastLine(ran.stdout)) as RunRecord;
    const child = spawn(process.execPath, [PERIGEE, 'logs', id, '-f', ...data], { stdio: 'pipe' });
    const exited = once(child, 'exit');
    const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
    assert.match(chunk.toString(), /perigee hello .* ready/);
    assert.equal(child.exitCode, null);
    await perigee(['stop', id, ...data]);
    assert.deepEqual(await exited, [0, null]);
  });

  it('ends at once when the run has ended, by its whole id or the beginning of it', async () => {
    await using gateway = await startGatewayProcess(QUIET);
    const data = ['--data', gateway.directory];
    const ran = await perigee(['run', 'hello', '--follow', '--json', ...data]);
    const { id } = JSON.parse(lastLine(ran.stdout)) as RunRecord;
    for (const name of [id, id.slice(0, 8).toUpperCase()]) {
      const { status, stdout } = await perigee(['logs', name, '--follow', ...data]);
      assert.equal(status, 0);
      assert.match(stdout, /perigee hello .* ready/);
    }
  });
});

describe('a gateway that is interrupted while it starts', () => {
  it('closes what it has opened, and ends well', async () => {
    const data = join(folder, 'interrupted');
    const child = spawn(process.execPath, [PERIGEE, 'serve', '--data', data, '--set', 'web.enabled=false'], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const exited = once(child, 'exit');
    while (!existsSync(data) && child.exitCode === null) await delay(1);
    child.kill('SIGINT');
    assert.deepEqual(await exited, [0, null]);
    assert.equal(existsSync(controlSocket(data)), false);
  });
});

describe('several commands with no gateway on one data directory', () => {
  it('share the one that the first of them brings', async () => {
    const data = join(folder, 'shared');
    const runs = await Promise.all(
      [1, 2, 3].map(() => perigee(['run', 'hello', '--follow', '--data', data])),
    );
    // The gateway ends with the command that brought it; that it did is no reason to be refused.
    for (const { stderr } of runs) assert.doesNotMatch(stderr, /another gateway/);
    assert.ok(runs.some(({ status }) => status === 0));
  });
});

describe('the demo', () => {
  it('goes on without a hello that is refused, says why once, and ends with its summary', async () => {
    const images = join(folder, 'images');
    mkdirSync(images);
    const settings = [`imagesDirectory=${images}`, 'keepRunning=[]', 'radio.mode=off', 'web.port=0'];
    const { status, stdout, stderr } = await perigee([
      ...['demo', '--for', '2s', '--json', '--data', join(folder, 'demo')],
      ...settings.flatMap((setting) => ['--set', setting]),
    ]);
    assert.equal(status, 0, stderr);
    assert.equal((JSON.parse(lastLine(stdout)) as DemoSummary).runs, 0);
    assert.equal(stderr.match(/hello does not run: there is no image "hello"/g)?.length, 1, stderr);
    assert.match(stderr, /Radio +off/);
    assert.doesNotMatch(stderr, /Bluetooth/);
  });

  it('does not wait for a hello that is stuck', async () => {
    async function* stuck(): AsyncGenerator<RunNews> {
      await new Promise(() => undefined);
      yield* [];
    }
    const ending = new AbortController();
    const running = runHello({ run: stuck }, ending.signal);
    ending.abort();
    await running;
  });
});

describe('a run of a guest that says nothing at all', () => {
  it('ends with what that may come of, and not with the board', async () => {
    const images = join(folder, 'images');
    changedImage(images, 'hello', { readyWithinMs: 500 });
    const silent = ['run', 'hello', '--args', 'fault=spin', '--set', `imagesDirectory=${images}`];
    const { status, stderr } = await perigee([...silent, '--data', join(folder, 'silent')]);
    assert.equal(status, 15);
    assert.match(
      stderr,
      /sent no metric in time\n {2}It printed nothing either: .*perigee images show --data \S+ hello/,
    );
  });
});
