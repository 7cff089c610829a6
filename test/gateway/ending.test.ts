import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import type { RunRecord } from '../../src/domain/index.js';
import { newRunId } from '../../src/platform/index.js';
import { startGatewayProcess } from '../support/gateway-process.js';

const settings = {
  keepRunning: '[]',
  'radio.mode': 'off',
  'web.enabled': 'false',
  'runner.accelerator': 'tcg',
};

describe('a gateway that is told to end', () => {
  it('tells whoever follows a run of its end, and of its last record', async () => {
    const gateway = await startGatewayProcess(settings);
    after(() => gateway[Symbol.asyncDispose]());
    let last: RunRecord | undefined;
    for await (const item of gateway.control.run({ id: newRunId(), image: 'hello', args: 'stay=1' })) {
      if (item.kind === 'report') process.kill(gateway.processId, 'SIGTERM');
      if (item.kind === 'changed') last = item.run;
    }
    assert.deepEqual(last?.state, { kind: 'ended', reason: { kind: 'killed-by-user' } });
    assert.ok(last.boot.endedMs !== undefined);
    assert.equal(await gateway.exited, 0);
  });
});
