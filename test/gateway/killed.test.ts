import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { parseGatewayId, type GatewayId } from '../../src/domain/index.js';
import { newRunId } from '../../src/platform/index.js';
import { markedProcesses } from '../../src/runner/marks.js';
import { changedImage, eventually, isAlive } from '../runner/support-runner.js';
import { startGatewayProcess, type GatewayProcess } from '../support/gateway-process.js';
import { tempFolder } from '../support/temp.js';

const images = tempFolder('images');
/** It has no channel, whose end would tell it that its gateway is gone, and never looks up. */
changedImage(images, 'hello', {
  metrics: 'lines',
  args: 'fault=spin',
  keptReady: 'stopped',
  readyWithinMs: 60_000,
});

const settings = {
  imagesDirectory: images,
  keepRunning: '[]',
  'radio.mode': 'off',
  'runner.accelerator': 'tcg',
  'web.enabled': 'false',
  logLevel: 'silent',
};

const gateways: GatewayId[] = [];
after(() => {
  for (const id of gateways)
    for (const { processId } of markedProcesses(id)) process.kill(processId, 'SIGKILL');
});

async function gatewayWith(more: Readonly<Record<string, string>>): Promise<GatewayProcess> {
  const gateway = await startGatewayProcess({ ...settings, ...more });
  after(() => gateway[Symbol.asyncDispose]());
  gateways.push(parseGatewayId((await gateway.control.status()).gatewayId));
  return gateway;
}

async function running(gateway: GatewayProcess): Promise<number> {
  void gateway.control.run({ id: newRunId(), image: 'hello' })[Symbol.asyncIterator]().next();
  for (;;) {
    const [run] = await gateway.control.runs(1);
    if (run?.boot.resumedMs !== undefined && run.processId !== undefined) return run.processId;
  }
}

describe('a gateway that is killed, and not started again', () => {
  it('leaves no guest that has no channel', async () => {
    const gateway = await gatewayWith({});
    const processId = await running(gateway);
    assert.equal(isAlive(processId), true);
    process.kill(gateway.processId, 'SIGKILL');
    await eventually('the guest is gone', () => !isAlive(processId));
  });

  it('leaves no guest that was kept ready before its first instruction', async () => {
    const gateway = await gatewayWith({ 'runner.warm': '{ hello: 1 }' });
    const kept = (): number => markedProcesses(gateways.at(-1) ?? assert.fail('a gateway')).length;
    while ((await gateway.control.status()).readyGuests['hello'] === undefined);
    assert.equal(kept(), 1);
    process.kill(gateway.processId, 'SIGKILL');
    await eventually('the guest is gone', () => kept() === 0);
  });
});
