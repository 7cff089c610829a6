import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { joinAir } from '../../src/air/index.js';
import type { GatewayControl, NearbyStatus, RunNews, Sample } from '../../src/domain/index.js';
import { openPhone } from '../../src/nearby/index.js';
import { airSocket, newRunId } from '../../src/platform/index.js';
import { VirtualBeacon } from '../nearby/support-beacon.js';
import { changedImage } from '../runner/support-runner.js';
import { perigee } from '../support/command.js';
import { startGatewayProcess } from '../support/gateway-process.js';
import { tempFolder } from '../support/temp.js';

const TEMPERATURE = 0x02;
const METRIC = 'beacon_porch_temperature_mean';
const KEY = new Uint8Array(16).fill(0x23);
const OTHER_KEY = new Uint8Array(16).fill(0x42);

/** On the air of a gateway, whose own radio is the first and whose listener is the second. */
const PORCH = 2;
const CELLAR = 3;
const ATTIC = 0xffff;

function addressOf(number: number): string {
  const tail = number.toString(16).padStart(4, '0');
  return `02:50:45:52:${tail.slice(0, 2)}:${tail.slice(2)}`;
}

async function beaconOn(path: string, number: number): Promise<VirtualBeacon> {
  const address = Buffer.from(addressOf(number).replaceAll(':', ''), 'hex').reverse();
  const beacon = new VirtualBeacon({ ...(await joinAir(path)), address });
  after(() => beacon[Symbol.dispose]());
  return beacon;
}

async function untilNearby(control: GatewayControl, isSo: (nearby: NearbyStatus) => boolean): Promise<void> {
  let seen: NearbyStatus | undefined;
  for (let tries = 0; tries < 200; tries += 1) {
    seen = (await control.status()).nearby;
    if (seen !== undefined && isSo(seen)) return;
    await delay(50);
  }
  assert.fail(`it came to ${JSON.stringify(seen)}`);
}

/** Of the metric that the guest makes of what it is told. */
async function firstOf(news: AsyncIterable<RunNews>): Promise<Sample> {
  let reports = 0;
  for await (const item of news) {
    if (item.kind !== 'report') continue;
    const sample = item.samples.find(({ series }) => series.name === METRIC);
    if (sample !== undefined) return sample;
    if (++reports === 20) break;
  }
  return assert.fail(`the guest reported ${reports} times, and never ${METRIC}`);
}

describe('a thermometer nearby', () => {
  it('is a sensor of the image that it was granted to, up to the page and to phones', async () => {
    const imagesDirectory = tempFolder('granted');
    changedImage(imagesDirectory, 'hostsense', { sensors: '[load_1m, beacon/porch/temperature]' });
    const key = Buffer.from(KEY).toString('hex');
    await using gateway = await startGatewayProcess({
      ...{ 'radio.mode': 'virtual', 'web.port': '0', keepRunning: '[]', imagesDirectory },
      'radio.featured': `[{ series: '${METRIC}{image="hostsense"}', label: Porch, unit: celsius }]`,
      'sensors.beacons': `[
        { name: porch, address: '${addressOf(PORCH)}', key: '${key}' },
        { name: cellar, address: '${addressOf(CELLAR)}', key: '${key}' },
        { name: attic, address: '${addressOf(ATTIC)}' }]`.replaceAll(/\s+/g, ' '),
    });
    const { control, directory } = gateway;
    await untilNearby(control, ({ listener }) => listener.kind === 'listening');

    const porch = await beaconOn(airSocket(directory), PORCH);
    porch.say([{ id: TEMPERATURE, value: 21.5 }], { key: KEY, counter: 1 });
    const cellar = await beaconOn(airSocket(directory), CELLAR);
    cellar.say([{ id: TEMPERATURE, value: 9 }], { key: OTHER_KEY, counter: 1 });
    await untilNearby(control, ({ beacons: [first, second] }) =>
      Boolean(first?.values.length && second?.trouble?.reason.includes('another key')),
    );

    // Into the guest and out of it.
    const sample = await firstOf(control.run({ id: newRunId(), image: 'hostsense' }));
    assert.deepEqual([sample.value, sample.series.unit], [21.5, 'celsius']);
    const { webUrl = assert.fail('it has a page') } = await control.status();
    const latest = (await (await fetch(`${webUrl}/api/latest`)).json()) as Awaited<
      ReturnType<GatewayControl['latest']>
    >;
    assert.equal(latest.find(({ series }) => series.name === METRIC)?.value, 21.5);

    const phone = await openPhone({ airSocket: airSocket(directory) });
    after(() => phone[Symbol.asyncDispose]());
    const connection = await phone.connect(await phone.find());
    // What phones see is renewed once a second.
    let shown = await connection.readMetrics();
    for (let tries = 0; tries < 50 && shown[0]?.value === undefined; tries += 1) {
      await delay(100);
      shown = await connection.readMetrics();
    }
    assert.deepEqual(
      shown.map(({ name, value }) => [name, value]),
      [['Porch', 21.5]],
    );
    await connection.disconnect();

    const { stdout } = await perigee(['doctor', '--data', directory]);
    assert.match(stdout, /Beacons: listens for 3\n/);
    assert.match(stdout, /Beacon porch: temperature 21\.5 °C, \d+ s ago\n/);
    assert.match(stdout, /Beacon cellar: heard, but sealed with another key\n +Correct its key/);
    assert.match(stdout, /Beacon attic: not heard yet\n/);
  });
});
