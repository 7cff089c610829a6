import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { RunId, RunRecord } from '../../src/domain/index.js';
import { consoleDirectory, newRunId } from '../../src/platform/index.js';
import { changedImage, eventually, isAlive } from '../runner/support-runner.js';
import { startGatewayProcess, type GatewayProcess } from '../support/gateway-process.js';
import { tempFolder } from '../support/temp.js';

const images = tempFolder('images');
changedImage(images, 'hello', { args: 'stay=1' });
changedImage(images, 'hostsense', { afterRestart: 'adopt', readyWithinMs: 60_000 });

const settings = {
  imagesDirectory: images,
  keepRunning: '[]',
  'radio.mode': 'off',
  'web.enabled': 'false',
  logLevel: 'silent',
};

/** A run that has reported, on a gateway that is then killed without a chance to say anything. */
async function killedWhileItRuns(
  image: string,
): Promise<{ readonly run: RunRecord; readonly directory: string }> {
  const gateway = await startGatewayProcess(settings);
  const id = newRunId();
  const run = await reported(gateway, id, gateway.control.run({ id, image }));
  process.kill(gateway.processId, 'SIGKILL');
  await gateway.exited;
  return { run, directory: gateway.directory };
}

async function reported(
  gateway: GatewayProcess,
  id: RunId,
  news: ReturnType<GatewayProcess['control']['news']>,
): Promise<RunRecord> {
  for await (const item of news) if (item.kind === 'report' && item.run.id === id) return item.run;
  throw new Error(`run ${id} did not report under process ${gateway.processId}`);
}

async function restarted(directory: string): Promise<GatewayProcess> {
  const gateway = await startGatewayProcess(settings, directory);
  after(() => gateway[Symbol.asyncDispose]());
  return gateway;
}

const processOf = ({ processId }: RunRecord): number => processId ?? assert.fail('a process id');

describe('a guest whose gateway is killed', () => {
  it('is ended by the next one, unless its image says otherwise', async () => {
    const { run, directory } = await killedWhileItRuns('hello');
    const gateway = await restarted(directory);
    await eventually('it has ended', () => !isAlive(processOf(run)));
    const [told] = await gateway.control.runs(1);
    assert.equal(told?.id, run.id);
    assert.deepEqual(told.state, {
      kind: 'ended',
      reason: { kind: 'crashed', detail: 'the gateway ended while it ran' },
    });
  });

  it('goes on under the next one with afterRestart: adopt, reports, and can be stopped', async () => {
    const { run, directory } = await killedWhileItRuns('hostsense');
    assert.equal(isAlive(processOf(run)), true);
    const gateway = await restarted(directory);
    const again = await reported(gateway, run.id, gateway.control.news());
    assert.equal(again.processId, run.processId);
    assert.ok(again.boot.spawnedMs !== undefined);
    // The last phases may not have reached the journal; none is measured a second time.
    assert.deepEqual({ ...run.boot, ...again.boot }, run.boot, 'it was booted once');
    assert.deepEqual(again.faults, { badFrames: 0, droppedValues: 0 });
    const stopped = await gateway.control.stop(run.id);
    assert.deepEqual(stopped.state, { kind: 'ended', reason: { kind: 'killed-by-user' } });
    assert.equal(isAlive(processOf(run)), false);
    assert.deepEqual(readdirSync(join(directory, 'runs')), []);
    assert.ok(existsSync(join(consoleDirectory(directory), `${run.id}.log`)));
  });

  it('is ended when it died in between', async () => {
    const { run, directory } = await killedWhileItRuns('hostsense');
    process.kill(processOf(run), 'SIGKILL');
    await eventually('it is dead', () => !isAlive(processOf(run)));
    const gateway = await restarted(directory);
    const [told] = await gateway.control.runs(1);
    assert.deepEqual([told?.id, told?.state.kind], [run.id, 'ended']);
    assert.deepEqual(await gateway.control.latest().then((latest) => latest.length > 0), true);
  });

  it('is ended when its image may no longer be taken over', async () => {
    const { run, directory } = await killedWhileItRuns('hostsense');
    changedImage(images, 'hostsense', { afterRestart: 'end' });
    const gateway = await restarted(directory);
    changedImage(images, 'hostsense', { afterRestart: 'adopt', readyWithinMs: 60_000 });
    await eventually('it has ended', () => !isAlive(processOf(run)));
    const [told] = await gateway.control.runs(1);
    assert.match(JSON.stringify(told?.state), /cannot go on: its image does not say afterRestart: adopt/);
  });

  it('is ended when its image was replaced by one of another kernel', async () => {
    const { run, directory } = await killedWhileItRuns('hostsense');
    const path = join(images, 'hostsense', 'image.yaml');
    const before = readFileSync(path, 'utf8');
    writeFileSync(path, before.replaceAll(run.imageSha256, 'f'.repeat(64)));
    const gateway = await restarted(directory);
    writeFileSync(path, before);
    await eventually('it has ended', () => !isAlive(processOf(run)));
    const [told] = await gateway.control.runs(1);
    assert.match(JSON.stringify(told?.state), /cannot go on: its image was replaced meanwhile/);
  });
});
