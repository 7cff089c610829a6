import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { GatewayControl, RunNews } from '../../src/domain/index.js';
import { newRunId } from '../../src/platform/index.js';
import { connectControl, serveControl } from '../../src/web/index.js';
import { SILENT } from '../support/loggers.js';
import { tempFolder } from '../support/temp.js';

/** More than a socket takes at once. */
const TEXT = 'x'.repeat(200_000);
const COUNT = 30;

describe('a stream of news', () => {
  it('that has to wait for its reader again and again leaves no listener of each wait', async () => {
    const id = newRunId();
    async function* news(): AsyncGenerator<RunNews> {
      for (let n = 0; n < COUNT; n += 1) yield await Promise.resolve({ kind: 'console', id, text: TEXT });
    }
    const warnings: string[] = [];
    process.on('warning', ({ name }) => warnings.push(name));
    const socket = join(tempFolder('slow'), 'control.sock');
    await using served = await serveControl({ news } as unknown as GatewayControl, socket, SILENT);
    let heard = 0;
    for await (const item of connectControl(served.address).news())
      if (item.kind === 'console') heard += item.text.length;
    assert.equal(heard, COUNT * TEXT.length);
    assert.deepEqual(warnings, []);
  });
});
