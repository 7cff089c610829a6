import assert from 'node:assert/strict';
import { appendFileSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { ERROR_EXITS, type ErrorCode } from '../../src/domain/index.js';
import { BUILT_IMAGES, hostArchitecture } from '../../src/platform/index.js';
import { changedImage } from '../runner/support-runner.js';
import { perigee } from '../support/command.js';
import { startGatewayProcess } from '../support/gateway-process.js';
import { tempFolder } from '../support/temp.js';

const folder = tempFolder('cli');
const data = join(folder, 'data');
const images = join(folder, 'images');
mkdirSync(images);

/** The documented exit status, one clear line, a cure below it, and nothing of a stack trace. */
async function refuses(code: ErrorCode, message: RegExp, args: readonly string[]): Promise<void> {
  const { status, stderr } = await perigee(args);
  const lines = stderr
    .trimEnd()
    .split('\n')
    .filter((line) => !line.startsWith('No gateway runs') && !isLog(line));
  assert.equal(status, ERROR_EXITS[code], stderr);
  assert.match(lines[0] ?? '', /^perigee: /);
  assert.match(lines[0] ?? '', message);
  assert.match(lines[1] ?? '', /^ {2}\S/, 'a line that says what to do');
  assert.equal(lines.length, 2, stderr);
}

/** What the gateway had to say before it was refused something. */
function isLog(line: string): boolean {
  return line.startsWith('{"level":');
}

describe('the command line refuses, with one clear line and its documented status,', () => {
  it('a configuration that is broken, missing or of unknown keys', async () => {
    const file = join(folder, 'broken.yaml');
    writeFileSync(file, 'web:\n  port: [');
    await refuses('config', /broken\.yaml, line \d/, ['images', '--config', file]);
    writeFileSync(file, 'name: *x');
    await refuses('config', /name \(.*broken\.yaml, line 1\): nothing above/, ['images', '--config', file]);
    const both = ['--set', 'web=5', '--set', 'web.port=3'];
    await refuses('config', /web\.port \(the command line\): web is a value/, ['images', ...both]);
    await refuses('config', /none\.yaml/, ['images', '--config', join(folder, 'none.yaml')]);
    await refuses('config', /web\.prot/, ['images', '--set', 'web.prot=1']);
  });

  it('a --set that is no pair', async () => {
    await refuses('usage', /no key=value/, ['images', '--set', 'web']);
  });

  it('an image that is unknown, whose kernel is missing, or whose checksum is wrong', async () => {
    for (const name of ['changed', 'missing'])
      cpSync(join(BUILT_IMAGES, 'hello'), join(images, name), { recursive: true });
    changedImage(images, 'hello', {});
    appendFileSync(join(images, 'hello', `kernel-${hostArchitecture()}.elf`), 'x');
    const base = ['--data', data, '--set', `imagesDirectory=${images}`];
    await refuses('image-unknown', /no image "nonesuch"/, ['run', 'nonesuch', ...base]);
    await refuses('image-invalid', /holds an image named hello/, ['run', 'missing', ...base]);
    await refuses('image-checksum', /is not what its manifest says/, ['run', 'hello', ...base]);
  });

  it('a run without QEMU', async () => {
    const nowhere = `runner.qemuDirectory=${join(folder, 'nowhere')}`;
    await refuses('run-refused', /not installed; install QEMU/, [
      'run',
      'hello',
      '--data',
      data,
      '--set',
      nowhere,
    ]);
  });

  it('a guest that dies at once, and one that ends with a status', async () => {
    await refuses('run-failed', /crashed: panic: /, ['run', 'hello', '--args', 'fault=die', '--data', data]);
    await refuses('run-failed', /ended with status 7/, [
      'run',
      'hello',
      '--follow',
      '--args',
      'fault=status',
      '--data',
      data,
    ]);
  });

  it('a guest that never reports, when its time is over, and one that sends garbage', async () => {
    const impatient = join(folder, 'impatient');
    changedImage(impatient, 'hello', { readyWithinMs: 500 });
    const base = ['--data', data, '--set', `imagesDirectory=${impatient}`];
    const withFault = (fault: string): readonly string[] => [
      'run',
      'hello',
      '--args',
      `fault=${fault}`,
      ...base,
    ];
    await refuses('run-failed', /sent no metric in time/, withFault('silent'));
    await refuses('run-failed', /crashed: its channel cannot be followed/, withFault('garbage'));
  });

  it('a data directory that cannot be made or written', async () => {
    await refuses('data-dir-unusable', /\/proc\/nowhere/, ['serve', '--data', '/proc/nowhere']);
    const file = join(folder, 'file');
    writeFileSync(file, '');
    await refuses('data-dir-unusable', /file/, ['serve', '--data', file]);
  });

  it('a data directory of another gateway, which goes on', async () => {
    await using gateway = await startGatewayProcess({
      keepRunning: '[]',
      'web.enabled': 'false',
      'radio.mode': 'off',
    });
    await refuses('data-dir-locked', /another gateway/i, ['serve', '--data', gateway.directory]);
    assert.equal((await gateway.control.status()).lostObservations, 0);
  });

  it('a port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    after(() => server.close());
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : assert.fail('a port');
    await refuses('port-taken', /is taken/, [
      'serve',
      '--data',
      data,
      '--set',
      `web.port=${port}`,
      '--set',
      'keepRunning=[]',
      '--set',
      'radio.mode=off',
    ]);
  });

  it('ps and stop where no gateway runs', async () => {
    for (const args of [['ps'], ['stop', 'ab']]) {
      await refuses('gateway-not-running', /no gateway answers/, [...args, '--data', join(folder, 'empty')]);
    }
  });

  it('logs of a run of which nothing is kept', async () => {
    const data = ['--data', join(folder, 'empty')];
    await refuses('run-unknown', /no run begins with "ab"/, ['logs', 'ab', ...data]);
    await refuses('run-unknown', /nothing is kept of a run 00/, ['logs', '00000000000000ab', ...data]);
  });

  it('a data directory whose path is too long for a socket', async () => {
    const deep = join(folder, 'd'.repeat(120));
    await refuses('data-dir-unusable', /longer than 107 bytes/, [
      'serve',
      '--data',
      deep,
      '--set',
      'keepRunning=[]',
      '--set',
      'radio.mode=off',
    ]);
  });
});

describe('an unknown command or option', () => {
  it('ends with the status for wrong usage and says where help is', async () => {
    for (const args of [
      ['nonesuch'],
      ['ps', '--nonesuch'],
      ['run'],
      ['demo', '--for', 'ever'],
      ['logs', 'ab', '--tail', 'all'],
    ]) {
      const { status, stderr } = await perigee(args);
      assert.equal(status, ERROR_EXITS.usage, stderr);
      assert.match(stderr, /--help/);
    }
  });
});
