import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseGatewayId, type GatewayId } from '../../src/domain/index.js';
import { newRunId } from '../../src/platform/index.js';
import { endOrphans } from '../../src/runner/index.js';
import { lastWillProcesses, markOf } from '../../src/runner/marks.js';
import { SILENT } from '../support/loggers.js';
import { Journal, eventually } from './support-runner.js';

const LINUX = { skip: process.platform !== 'linux' && 'needs /proc' };
const FIXTURE = fileURLToPath(new URL('./fixture-last-will.js', import.meta.url));

const children: ChildProcess[] = [];
after(() => children.forEach((child) => child.kill('SIGKILL')));

const newGatewayId = (): GatewayId => parseGatewayId(randomBytes(8).toString('hex'));

async function started(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<ChildProcess> {
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  assert.ok(child.stdout);
  await once(child.stdout, 'data');
  return child;
}

/** With its last will written. */
async function gateway(id: GatewayId, adoptWithinSeconds = 60): Promise<ChildProcess> {
  const child = await started(process.execPath, [FIXTURE, id, String(adoptWithinSeconds)]);
  await eventually('it has a last will', () => lastWillProcesses(id).length > 0);
  return child;
}

const guest = (id: GatewayId, stays = false): Promise<ChildProcess> =>
  started('/bin/sh', ['-c', 'echo up; exec sleep 60'], {
    PATH: process.env['PATH'],
    PERIGEE_RUN: markOf(id, newRunId(), stays),
  });

const lives = (child: ChildProcess): boolean => child.signalCode === null && child.exitCode === null;

describe('the last will of a gateway', () => {
  it('ends its guests when it is killed, those of no other gateway, and then itself', LINUX, async () => {
    const [id, other] = [newGatewayId(), newGatewayId()];
    const [killed, ours, theirs] = await Promise.all([gateway(id), guest(id), guest(other)]);
    assert.equal(lives(ours), true);
    killed.kill('SIGKILL');
    await eventually('the guest is ended', () => !lives(ours));
    assert.equal(ours.signalCode, 'SIGKILL');
    await eventually('nothing is left of the will', () => lastWillProcesses(id).length === 0);
    assert.equal(lives(theirs), true);
  });

  it('leaves a guest that is to be taken over for so long, and then ends it', LINUX, async () => {
    const id = newGatewayId();
    const [killed, stays, ends] = await Promise.all([gateway(id, 2), guest(id, true), guest(id)]);
    killed.kill('SIGKILL');
    await eventually('the other one is ended', () => !lives(ends));
    assert.equal(lives(stays), true);
    await eventually('it is ended in its turn', () => !lives(stays));
  });

  it('is not done once there is a next gateway', LINUX, async () => {
    const id = newGatewayId();
    const [killed, ends] = await Promise.all([gateway(id, 60), guest(id), guest(id, true)]);
    killed.kill('SIGKILL');
    await eventually('the guest is ended', () => !lives(ends));
    assert.ok(lastWillProcesses(id).length > 0, 'it waits for a gateway that takes the other guest over');
    await endOrphans(new Journal(), id, SILENT);
    await eventually('the will is void', () => lastWillProcesses(id).length === 0);
  });

  it('is void when the gateway ends its guests itself', LINUX, async () => {
    const id = newGatewayId();
    const ending = await gateway(id);
    ending.kill('SIGTERM');
    await once(ending, 'exit');
    assert.deepEqual(lastWillProcesses(id), []);
  });
});
