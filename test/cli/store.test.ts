import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { StoreForecast, StoreStatistics } from '../../src/domain/index.js';
import { perigee } from '../support/command.js';
import { startGatewayProcess, type GatewayProcess } from '../support/gateway-process.js';
import { tempFolder } from '../support/temp.js';

let gateway: GatewayProcess;
before(async () => {
  gateway = await startGatewayProcess({ keepRunning: '[]', 'radio.mode': 'off', 'web.port': '0' });
});
after(() => gateway[Symbol.asyncDispose]());

const store = (...args: readonly string[]) => perigee(['store', ...args, '--data', gateway.directory]);

describe('perigee store', () => {
  it('tells what the store of a running gateway takes, also on the page', async () => {
    const { status, stdout } = await store('stats', '--json', '--card-size', '16GB');
    assert.equal(status, 0);
    const told = JSON.parse(stdout) as StoreStatistics & { forecast: StoreForecast };
    assert.ok(told.files.headLogBytes > 2 ** 20, stdout);
    assert.deepEqual([told.forecast.card.cardBytes, told.forecast.card.ratedCycles], [16e9, 500]);
    const { webUrl } = await gateway.control.status();
    const answer = await fetch(`${webUrl ?? ''}/api/store`);
    assert.ok('forecast' in ((await answer.json()) as object));
    const { stdout: text } = await store('stats');
    assert.match(text, /^NEWEST +A POINT/);
    assert.match(text, /Card wear: not known before .* 500 cycles/);
  });

  it('compacts the store of a running gateway, and not by the page', async () => {
    const { status, stdout, stderr } = await store('compact');
    assert.equal(status, 0, stderr);
    assert.match(stdout, /tables took .*, and take /);
    assert.match(stderr, /compacting … 100 %/);
    const { webUrl } = await gateway.control.status();
    assert.equal((await fetch(`${webUrl ?? ''}/api/store/compact`, { method: 'POST' })).status, 404);
  });

  it('says that there is no store, or that a size is none', async () => {
    const { status, stderr } = await perigee(['store', 'stats', '--data', tempFolder('no-store')]);
    assert.equal(status, 4, stderr);
    assert.match(stderr, /there is no store in/);
    assert.equal((await store('stats', '--card-size', 'large')).status, 2);
  });
});
