import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { after, describe, it } from 'node:test';
import { parseGatewayId, type Logger, type RunRecord } from '../../src/domain/index.js';
import { endOrphans } from '../../src/runner/index.js';
import { createMemoryStore } from '../fakes/memory-store.js';
import { run } from '../store/support-store.js';
import { SILENT } from '../support/loggers.js';

const LINUX = { skip: process.platform !== 'linux' && 'needs /proc' };
const GATEWAY = parseGatewayId('00000000000000aa');
const OTHER = '00000000000000bb';
const IDLE = 'setTimeout(() => undefined, 20_000)';

const children: ChildProcess[] = [];
after(() => children.forEach((child) => child.kill('SIGKILL')));

/** A process that has begun, with a mark in its environment. */
async function sleeper(
  env: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<ChildProcess> {
  const script = `console.log(); ${IDLE}`;
  const child = spawn(process.execPath, ['-e', script, '--', ...args], {
    ...{ env, stdio: ['ignore', 'pipe', 'inherit'] },
  });
  children.push(child);
  assert.ok(child.stdout);
  await once(child.stdout, 'data');
  return child;
}

const monitorOf = ({ id }: RunRecord): Promise<ChildProcess> => sleeper({ PERIGEE_RUN: `${GATEWAY}-${id}` });

async function endOf(child: ChildProcess): Promise<unknown> {
  if (child.signalCode === null && child.exitCode === null) await once(child, 'exit');
  return child.signalCode;
}

/** As a run is when the gateway is killed before it could note the process. */
function young(id: string): RunRecord {
  const { processId, monitorVersion, footprint, ...record } = run(id, 1, {
    state: { kind: 'queued' },
    boot: {},
  });
  assert.ok(processId && monitorVersion && footprint);
  return record;
}

describe('what a killed gateway left behind', () => {
  it('is ended however many runs came after it, and journaled as ended', LINUX, async () => {
    await using store = createMemoryStore();
    const old = run('a1', 1);
    await store.put(old);
    for (let number = 1; number <= 300; number += 1) {
      const reason = { kind: 'completed' } as const;
      await store.put(run(`b${number}`, number + 1, { state: { kind: 'ended', reason } }));
    }
    const child = await monitorOf(old);
    await store.put({ ...old, processId: child.pid ?? 0 });
    assert.equal((await endOrphans(store, GATEWAY, SILENT)).ended, 1);
    assert.equal(await endOf(child), 'SIGKILL');
    assert.deepEqual(await store.going(), []);
    const state = (await store.get(old.id))?.state;
    assert.equal(state?.kind === 'ended' && state.reason.kind, 'crashed');
  });

  it('is found by its mark when the journal knows no process of it, or another one', LINUX, async () => {
    await using store = createMemoryStore();
    const bystander = await sleeper(
      { PERIGEE_RUN: `${OTHER}-00000000000000a2` },
      `${GATEWAY}-00000000000000a2`,
    );
    const records = [young('a2'), run('a3', 2, { processId: bystander.pid ?? 0 })];
    const monitors = await Promise.all(records.map(monitorOf));
    for (const record of records) await store.put(record);
    assert.equal((await endOrphans(store, GATEWAY, SILENT)).ended, 2);
    assert.deepEqual(await Promise.all(monitors.map(endOf)), ['SIGKILL', 'SIGKILL']);
    assert.equal(bystander.kill(0), true);
  });

  it('is ended also when the journal knows nothing of it', LINUX, async () => {
    await using store = createMemoryStore();
    const child = await sleeper({ PERIGEE_RUN: `${GATEWAY}-pooled` });
    assert.equal((await endOrphans(store, GATEWAY, SILENT)).ended, 0);
    assert.equal(await endOf(child), 'SIGKILL');
  });

  it('does not keep a gateway from starting when it cannot be ended', LINUX, async (context) => {
    await using store = createMemoryStore();
    const record = young('a4');
    await store.put(record);
    const child = await monitorOf(record);
    const denied = (): never => {
      throw Object.assign(new Error('kill EPERM'), { code: 'EPERM' });
    };
    context.mock.method(process, 'kill', denied);
    const said: string[] = [];
    const logger: Logger = { ...SILENT, warn: (_fields, message) => void said.push(message) };
    assert.equal((await endOrphans(store, GATEWAY, logger)).ended, 1);
    assert.match(said.join(), new RegExp(`process ${child.pid} cannot be ended: kill EPERM`));
    assert.deepEqual(await store.going(), []);
  });

  it('may have ended by itself at the last moment', LINUX, async (context) => {
    await using store = createMemoryStore();
    const record = young('a5');
    await store.put(record);
    await monitorOf(record);
    context.mock.method(process, 'kill', () => {
      throw Object.assign(new Error('kill ESRCH'), { code: 'ESRCH' });
    });
    assert.equal((await endOrphans(store, GATEWAY, SILENT)).ended, 1);
    const state = (await store.get(record.id))?.state;
    assert.deepEqual(state, {
      kind: 'ended',
      reason: { kind: 'crashed', detail: 'the gateway ended while it ran' },
    });
  });
});
