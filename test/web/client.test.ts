import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { RunNews } from '../../src/domain/index.js';
import { newRunId } from '../../src/platform/index.js';
import { connectControl } from '../../src/web/index.js';
import { failsWith } from '../support/expect.js';
import { startGatewayProcess } from '../support/gateway-process.js';
import { tempFolder } from '../support/temp.js';

const QUIET = { keepRunning: '[]', 'radio.mode': 'off', 'web.enabled': 'false' };

async function drain(news: AsyncIterable<RunNews>, saw: (item: RunNews) => void): Promise<void> {
  for await (const item of news) saw(item);
}

describe('a client of the control socket', () => {
  it('asks again where its connection was closed just when it was used again', async () => {
    const path = join(tempFolder('socket'), 's');
    const answer = 'HTTP/1.1 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\n[]';
    const sockets: Socket[] = [];
    let requests = 0;
    const server = createServer((socket) => {
      sockets.push(socket);
      socket
        .on('error', () => undefined)
        .on('data', () => {
          requests += 1;
          if (requests === 2) socket.destroy();
          else socket.write(answer);
        });
    });
    await new Promise<void>((listens) => server.listen(path, listens));
    after(() => {
      server.close();
      sockets.forEach((socket) => socket.destroy());
    });
    const control = connectControl(path);
    assert.deepEqual(await control.latest(), []);
    assert.deepEqual(await control.latest(), []);
    assert.deepEqual([sockets.length, requests], [2, 3]);
  });

  it('says that the gateway ended when it was killed amid the news', async () => {
    await using gateway = await startGatewayProcess(QUIET);
    const news = gateway.control.run({ id: newRunId(), image: 'hello', args: 'stay=1' });
    const reading = drain(news, ({ kind }) => {
      if (kind === 'report') process.kill(gateway.processId, 'SIGKILL');
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
