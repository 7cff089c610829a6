import assert from 'node:assert/strict';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BthomeData } from '@perigee/gatt';
import { serveAir } from '../../src/air/index.js';
import type { AirServer } from '../../src/air/index.js';
import { listenForBthome } from '../../src/nearby/index.js';
import { TappedAir } from '../radio/support-raw-phone.js';
import { SILENT } from '../support/loggers.js';
import { tempFolder } from '../support/temp.js';
import { VirtualBeacon } from './support-beacon.js';

const TEMPERATURE = 0x02;
const KEY = new Uint8Array(16).fill(7);
const folder = tempFolder('listener');

describe('listening for BTHome with noble', () => {
  let air: TappedAir;
  let server: AirServer;
  let heard: { readonly address: string; readonly data: BthomeData }[];
  let lost: Error[];
  const listeners: Disposable[] = [];

  beforeEach(async () => {
    air = new TappedAir();
    server = await serveAir(air, join(folder, 'air.sock'), SILENT);
    [heard, lost] = [[], []];
  });
  afterEach(async () => {
    for (const listener of listeners.splice(0)) listener[Symbol.dispose]();
    await server[Symbol.asyncDispose]();
  });

  const listen = async (keys: ReadonlyMap<string, Uint8Array> = new Map()): Promise<void> => {
    const listener = await listenForBthome({
      ...{ on: { airSocket: server.path }, keys, logger: SILENT, lost: (error) => lost.push(error) },
      heard: (address, data) => heard.push({ address, data }),
    });
    listeners.push(listener);
  };
  const waitFor = async (isSo: () => boolean): Promise<void> => {
    for (let tries = 0; tries < 500 && !isSo(); tries++) await sleep(10);
    assert.ok(isSo(), 'it came');
  };
  const said = (value: number): boolean =>
    heard.some(({ data }) => data.kind !== 'sealed' && data.readings.some((each) => each.value === value));

  it('hears what a device says, and what it says next', async () => {
    using beacon = new VirtualBeacon(air.attach());
    beacon.say([{ id: TEMPERATURE, value: 21.5 }]);
    await listen();
    await waitFor(() => said(21.5));
    beacon.say([{ id: TEMPERATURE, value: 22.25 }]);
    await waitFor(() => said(22.25));
    assert.equal(heard[0]?.address, beacon.address);
  });

  it('opens what was sealed with the key of the device, and nothing else', async () => {
    using beacon = new VirtualBeacon(air.attach());
    beacon.say([{ id: TEMPERATURE, value: 5 }], { key: KEY, counter: 9 });
    using stranger = new VirtualBeacon(air.attach());
    stranger.say([{ id: TEMPERATURE, value: 6 }], { key: KEY, counter: 1 });
    await listen(new Map([[beacon.address, KEY]]));
    await waitFor(() => heard.some(({ address }) => address === stranger.address) && said(5));
    assert.equal(said(6), false);
  });

  it('goes on after advertising data and reports that are cut short, and fills no log', async (t) => {
    const printed = t.mock.method(console, 'warn', () => undefined);
    using broken = new VirtualBeacon(air.attach());
    await listen();
    for (const data of ['', '0f', '00', '16d2fc', '0316d2fc', 'ff16d2fc40', '0216d2', '0516d2fc4002'])
      broken.sayRaw(data);
    await waitFor(() => air.attached.some(({ listening }) => listening));
    const own = air.attached.find(({ listening }) => listening) ?? assert.fail('it listens');
    // Whole packets of H4, with too little in them.
    for (const packet of [
      '043e00',
      '043e0102',
      '043e02020a',
      '043e0402010000',
      '040e00',
      '040500',
      '041300',
      '043e0d02010000010203040506050201',
      '043e0402010000',
      '043e0f0d0100000000000000000000000000',
      '0240000000',
    ])
      own.toHost(Buffer.from(packet, 'hex'));
    using beacon = new VirtualBeacon(air.attach());
    beacon.say([{ id: TEMPERATURE, value: 1.5 }]);
    await waitFor(() => said(1.5));
    assert.equal(printed.mock.callCount(), 0);
  });

  it('says that the radio is gone', async () => {
    await listen();
    await server[Symbol.asyncDispose]();
    await waitFor(() => lost.length > 0);
    await assert.rejects(listen(), { code: 'radio-unavailable' });
    server = await serveAir(air, join(folder, 'air.sock'), SILENT);
  });
});
