import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { PACKAGE_ROOT } from '../../src/platform/index.js';
import { startProcess, type MonitorProcess } from '../../src/runner/process.js';
import { eventually, isAlive } from './support-runner.js';

const MODULE = join(PACKAGE_ROOT, 'dist/src/runner/process.js');
const PATH = process.env['PATH'] ?? '';

/** The process id of a child of a program that then ends by `how`. */
function childOfOneThatEnds(apart: boolean, how: string): number {
  const options = `{ program: 'sleep', args: ['60'], env: { PATH: process.env.PATH }, sockets: 2, apart: ${apart}, console() {} }`;
  const script = `
    import { startProcess } from ${JSON.stringify(MODULE)};
    const { processId } = startProcess(${options});
    process.stdout.write(String(processId), () => { ${how} });
    setTimeout(() => undefined, 60_000);`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return Number(stdout);
}

function shell(script: string): { readonly child: MonitorProcess; readonly said: () => string } {
  let said = '';
  const child = startProcess({
    ...{ program: 'sh', args: ['-c', script], env: { PATH }, sockets: 0, apart: false },
    console: (chunk) => {
      said += new TextDecoder().decode(chunk);
    },
  });
  return { child, said: () => said };
}

describe('the process of a monitor', () => {
  for (const how of ['process.exit(3)', 'throw new Error()'] as const) {
    it(`ends with a gateway that ends by ${how}`, async () => {
      const child = childOfOneThatEnds(false, how);
      await eventually('it has ended', () => !isAlive(child));
    });
  }

  it('goes on behind a gateway that it is to survive', () => {
    const child = childOfOneThatEnds(true, 'process.exit(0)');
    assert.ok(isAlive(child));
    process.kill(child, 'SIGKILL');
  });

  it('is not there for a program that is not, and says so', async () => {
    const child = startProcess({
      ...{ program: 'no-such-program', args: [], env: { PATH }, sockets: 2, apart: false },
      console: () => undefined,
    });
    assert.deepEqual([child.processId, child.sockets], [undefined, []]);
    const { code, missing, signal, stderr } = await child.exited;
    assert.deepEqual({ code, missing, signal }, { code: undefined, missing: true, signal: undefined });
    assert.match(stderr, /no-such-program ENOENT/);
  });

  it('has ended once its last words were heard, also of a console that is read slowly', async () => {
    const { child, said } = shell('head -c 300000 /dev/zero | tr "\\0" x; echo last; exit 5');
    const { code, signal } = await child.exited;
    assert.deepEqual({ code, signal }, { code: 5, signal: undefined });
    assert.equal(said().length, 300_005);
    assert.match(said(), /last\n$/);
  });

  it('has ended although something that it started holds its console', async () => {
    const { child, said } = shell('sleep 30 & echo $!; exit 0');
    assert.equal((await child.exited).code, 0);
    process.kill(Number(said()), 'SIGKILL');
  });
});
