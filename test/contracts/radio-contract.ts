import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildAdvertisement } from '../../src/radio/index.js';
import type { BlenoDriver } from '../../src/radio/index.js';
import { openPhone } from '../../src/nearby/index.js';
import type { GatewayConnection, Phone } from '../../src/nearby/index.js';
import { IDENTITY, INFO, saidOf, startGateway, TIME } from '../radio/support-gateway.js';
import type { TestGateway } from '../radio/support-gateway.js';
import { malformedInput } from './radio-malformed.js';

/** Enough for what grows with each connection to show. */
const CYCLES = 50;

/** What every driver of the Radio port does, seen by phones over the virtual radio. */
export function radioContract(driver: BlenoDriver): void {
  // The tests wait for a few hundred advertising events; phones hear them 5 times as often as in the field.
  process.env['BLENO_ADVERTISING_INTERVAL'] = '20';

  describe(`a radio over @${driver}/bleno`, () => {
    let gateway: TestGateway;
    let phone: Phone;
    const connect = async (on: Phone = phone): Promise<GatewayConnection> => on.connect(await on.find());
    const settled = async (centrals: number): Promise<void> => {
      const now = (): number =>
        gateway.radio.state.kind === 'advertising' ? gateway.radio.state.centrals : -1;
      for (let i = 0; i < 200 && now() !== centrals; i++) await sleep(5);
      assert.equal(now(), centrals);
    };

    before(async () => {
      gateway = await startGateway(driver);
      phone = await openPhone({ air: gateway.air });
    });
    after(async () => {
      await phone[Symbol.asyncDispose]();
      await gateway[Symbol.asyncDispose]();
      assert.equal(gateway.air.size, 0);
    });

    it('is found by its service, with its name and live values', async () => {
      const found = await phone.find();
      assert.equal(found.name, 'Perigee');
      assert.deepEqual(saidOf(found), { 'packet id': 1, temperature: 48.2, running: true, count: 3 });
      assert.equal(found.isGateway, true);
    });

    it('replaces what it advertises', async () => {
      gateway.radio.advertise(buildAdvertisement('Perigee', [{ id: 0x02, value: -3.5 }]));
      const sightings = await phone.scan({ until: (sighting) => saidOf(sighting)['temperature'] === -3.5 });
      assert.deepEqual(sightings.map(saidOf), [{ temperature: -3.5 }]);
    });

    it('shows its metrics to an app that knows nothing of them, and its Device Information', async () => {
      await using connection = await connect();
      const metrics = await connection.readMetrics();
      assert.deepEqual(
        metrics.map(({ name, value, unit }) => [name, value, unit]),
        [
          ['CPU temperature', 48.2, '°C'],
          ['Memory available (bytes)', 3_123_456_000, ''],
          ['Boot time', undefined, 's'],
        ],
      );
      assert.deepEqual(await connection.readDeviceInformation(), IDENTITY);
      assert.deepEqual(await connection.readTime(), TIME);
    });

    it('answers a long read in pieces of one value', async () => {
      await using connection = await connect();
      assert.deepEqual(Buffer.from(await connection.readInfo()), INFO);
    });

    it('notifies a phone that subscribed of new values, and of nothing before', async () => {
      await using connection = await connect();
      gateway.notifyTemperature();
      const heard: (number | undefined)[] = [];
      const values = connection.values();
      const first = values.next();
      await subscribed(connection);
      for (const temperature of [50.01, undefined, 51.5]) {
        gateway.setTemperature(temperature);
        gateway.notifyTemperature();
      }
      heard.push((await first).value?.value);
      for (let i = 0; i < 2; i++) heard.push((await values.next()).value?.value);
      assert.deepEqual(heard, [50.01, undefined, 51.5]);
    });

    it('goes on advertising after a phone has left', async () => {
      for (let i = 0; i < 3; i++) {
        const connection = await connect();
        await settled(1);
        await connection.disconnect();
        await settled(0);
      }
    });

    it('serves as many phones at once as it says', async () => {
      const second = await openPhone({ air: gateway.air });
      const one = await connect();
      if (gateway.radio.maxCentrals === 1) {
        await assert.rejects(second.find({ durationMs: 300 }), { code: 'radio-unavailable' });
        gateway.radio.advertise(buildAdvertisement('Perigee', [{ id: 0x00, value: 3 }]));
        await assert.rejects(second.find({ durationMs: 300 }), { code: 'radio-unavailable' });
        await one.disconnect();
        const other = await connect(second);
        assert.equal((await other.readMetrics()).length, 3);
      } else {
        const other = await connect(second);
        await settled(2);
        const [mine, theirs] = await Promise.all([one.readMetrics(), other.readMetrics()]);
        assert.deepEqual(mine, theirs);
        await other.disconnect();
        assert.equal((await one.readMetrics()).length, 3);
        await one.disconnect();
      }
      await second[Symbol.asyncDispose]();
      await settled(0);
    });

    it(`is the same after ${CYCLES} phones came and went`, async () => {
      const census = (): readonly number[] => [
        process.listenerCount('exit'),
        process.listenerCount('SIGINT'),
        process.getActiveResourcesInfo().filter((name) => name !== 'Immediate').length,
        gateway.air.size,
      ];
      const before = census();
      for (let i = 0; i < CYCLES; i++) {
        const connection = await connect();
        await connection.readInfo();
        await connection.disconnect();
      }
      await settled(0);
      assert.deepEqual(census(), before);
    });

    it('breaks no rule of its controller', () => {
      assert.deepEqual(
        gateway.air.attached.flatMap(({ violations }) => violations),
        [],
      );
    });

    it('starts again after it was stopped', async () => {
      await gateway.radio[Symbol.asyncDispose]();
      assert.deepEqual(gateway.radio.state, { kind: 'off' });
      await phone[Symbol.asyncDispose]();
      gateway = await startGateway(driver);
      phone = await openPhone({ air: gateway.air });
      await using connection = await connect();
      assert.equal((await connection.readMetrics())[0]?.value, 48.2);
    });

    it('is unavailable when its adapter is pulled out, and serves again on the next one', async () => {
      const connection = await connect();
      gateway.air.unplug(gateway.air.attached[0]);
      assert.equal(gateway.radio.state.kind, 'unavailable');
      gateway.notifyTemperature();
      gateway.radio.advertise(buildAdvertisement('Perigee'));
      await assert.rejects(connection.readMetrics(), { code: 'radio-unavailable' });
      await gateway.restart();
      await using again = await connect();
      assert.equal((await again.readMetrics())[0]?.value, 48.2);
      assert.equal(gateway.air.size, 2, 'the lost one is off the air');
    });

    it('does not end the process on SIGINT, which is not its business', () => {
      assert.equal(process.listenerCount('SIGINT'), 0);
    });
  });

  malformedInput(driver);
}

/** One exchange behind the subscriptions: they are answered in order. */
async function subscribed(connection: GatewayConnection): Promise<void> {
  // Discovery and subscription are steps of their own, each behind the answer to the one before.
  for (let i = 0; i < 20; i++) await connection.readInfo();
}
