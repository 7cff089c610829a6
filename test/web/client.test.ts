import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunNews } from '../../src/domain/index.js';
import { newRunId } from '../../src/platform/index.js';
import { failsWith } from '../support/expect.js';
import { startGatewayProcess } from '../support/gateway-process.js';

const QUIET = { keepRunning: '[]', 'radio.mode': 'off', 'web.enabled': 'false' };

async function drain(news: AsyncIterable<RunNews>, saw: (item: RunNews) => void): Promise<void> {
  for await (const item of news) saw(item);
}

describe('a client of the control socket', () => {
  it('says that the gateway ended when it does so amid the news', async () => {
    await using gateway = await startGatewayProcess(QUIET);
    const news = gateway.control.run({ id: newRunId(), image: 'hello', args: 'stay=1' });
    const reading = drain(news, ({ kind }) => {
      if (kind === 'report') process.kill(gateway.processId, 'SIGTERM');
    });
    await assert.rejects(
      reading,
      failsWith('gateway-not-running', /the gateway ended while its news were read/),
    );
    await gateway.exited;
    await assert.rejects(gateway.control.status(), failsWith('gateway-not-running', /no gateway answers/));
  });

  it('leaves the news at once, even where none ever come', async () => {
    await using gateway = await startGatewayProcess(QUIET);
    const news = gateway.control.news()[Symbol.asyncIterator]();
    const next = news.next();
    assert.equal((await gateway.control.status()).activeRuns, 0);
    await news.return?.();
    assert.deepEqual(await next, { done: true, value: undefined });
  });
});
