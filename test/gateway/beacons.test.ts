import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Air, serveAir } from '../../src/air/index.js';
import { loadConfig } from '../../src/config/index.js';
import { hearBeacons } from '../../src/gateway/beacons.js';
import { CLOCK } from '../sensors/support-trees.js';
import { SILENT, listening } from '../support/loggers.js';
import { tempFolder } from '../support/temp.js';

const folder = tempFolder('beacons');
const PORCH = `[{ name: porch, address: '54:48:e6:8f:80:a5' }]`;

function hearing(settings: Readonly<Record<string, string>>) {
  const airSocket = join(folder, 'air.sock');
  const config = loadConfig({
    env: {},
    overrides: Object.entries({ 'sensors.beacons': PORCH, ...settings }),
  });
  const { logger, said } = listening();
  const complaints = (): number => said.filter((line) => line.startsWith('no beacon is heard')).length;
  const heard = hearBeacons({ config, airSocket, clock: CLOCK, logger });
  const listener = () => heard.status()?.listener;
  const until = async (kind: string): Promise<void> => {
    for (let tries = 0; tries < 200 && listener()?.kind !== kind; tries += 1) await delay(20);
    assert.equal(listener()?.kind, kind);
  };
  return {
    airSocket,
    heard,
    listener,
    until,
    complaints,
    [Symbol.asyncDispose]: () => heard[Symbol.asyncDispose](),
  };
}

describe('the listener for beacons', () => {
  it('waits for the virtual radio without a complaint, and says once that it is gone', async () => {
    await using virtual = hearing({ 'radio.mode': 'virtual' });
    const { airSocket, heard, until, complaints } = virtual;
    heard.start();
    await delay(50);
    assert.deepEqual([heard.status()?.listener.kind, complaints()], ['starting', 0]);

    const server = await serveAir(new Air(), airSocket, SILENT);
    heard.onAir();
    await until('listening');
    assert.equal(complaints(), 0);

    await server[Symbol.asyncDispose]();
    await until('unavailable');
    assert.equal(complaints(), 1);

    const again = await serveAir(new Air(), airSocket, SILENT);
    after(() => again[Symbol.asyncDispose]());
    heard.onAir();
    await until('listening');
  });

  it('says that one adapter cannot advertise and listen, and what helps', async () => {
    await using real = hearing({ 'radio.mode': 'auto' });
    const { heard, listener, until } = real;
    heard.start();
    await until('unavailable');
    const state = listener();
    assert.ok(state?.kind === 'unavailable');
    assert.match(state.reason, /one adapter cannot/);
    assert.match(state.cure, /radio\.scanDevice/);
  });

  it('says that the radio is off, and nothing where no beacon is named', () => {
    const { heard, listener } = hearing({ 'radio.mode': 'off' });
    heard.start();
    assert.deepEqual(listener()?.kind, 'unavailable');
    assert.equal(hearing({ 'sensors.beacons': '[]' }).heard.status(), undefined);
  });
});
