import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { uuidBytes, RX_CHARACTERISTIC, TX_CHARACTERISTIC } from '@perigee/gatt';
import { Air } from '../../src/air/index.js';
import { ControlSession, openPhone, type Phone } from '../../src/nearby/index.js';
import { nodeCurve } from '../../src/platform/index.js';
import { BLENO_DRIVERS, buildAdvertisement, createRadio } from '../../src/radio/index.js';
import { RawPhone, TappedAir } from '../radio/support-raw-phone.js';
import { SILENT } from '../support/loggers.js';
import { random32 } from '../support/random.js';
import { HELLO_RUN, openWorld, POINTS, sampleOf } from './support-phones.js';
import type { World } from './support-phones.js';

/** Writes without a response, some to each connection event. */
const WRITES = 4000;
const ATT = 4;

/** A phone as people have it: enrols, starts a run, and reads how the gateway is. */
async function visit(air: Air, world: World, name: string): Promise<void> {
  await using phone = await openPhone({ air });
  await using connection = await phone.connect(await phone.find());
  const invitation = await world.invite({ name });
  const credentials = {
    curve: nodeCurve,
    keys: nodeCurve.generate(),
    gatewayKey: world.gatewayKey,
    invitation,
  };
  const { session, welcome } = await ControlSession.open(connection, credentials);
  assert.equal(welcome.name, name);
  assert.equal((await session.enrol()).role, 'technician');
  for await (const { state } of session.start({ runId: HELLO_RUN, image: 'hello' })) {
    assert.equal(state, 'accepted');
    break;
  }
  assert.equal((await session.state()).epoch, 7);
  const { size } = await session.open({ series: {} });
  assert.ok((size ?? 0) > POINTS.length);
}

describe('the control service on the air', () => {
  for (const driver of BLENO_DRIVERS) {
    it(`serves phones over @${driver}/bleno, also after one that sends what it likes`, async () => {
      process.env['BLENO_ADVERTISING_INTERVAL'] = '20';
      using world = await openWorld();
      const air = new Air();
      await using radio = createRadio({ mode: 'virtual', driver, air, name: 'Perigee', logger: SILENT });
      await radio.start([world.service], buildAdvertisement('Perigee'));
      await visit(air, world, 'Ada');
      const hostile = new RawPhone(air);
      await hostile.connect();
      const [rx, tx] = [
        await handleOf(hostile, RX_CHARACTERISTIC),
        await handleOf(hostile, TX_CHARACTERISTIC),
      ];
      assert.equal(await hostile.att(`12${le(tx + 1)}0100`), '13');
      const next = random32(12);
      for (let i = 0; i < WRITES; i++) {
        const bytes = Uint8Array.from({ length: 1 + (next() % 19) }, () => next() & 0xff);
        // Half of them begin as fragments do.
        if (next() % 2 === 0) bytes[0] = [0x81, 0x82, 0xc4, 0x41, 0x84, 0x04][next() % 6] ?? 0;
        hostile.l2cap(ATT, `52${le(rx)}${Buffer.from(bytes).toString('hex')}`);
        if (i % 4 === 3) await sleep(1);
      }
      assert.match(await hostile.att(`12${le(rx)}ff`), /^0112....83$/, 'a bad frame');
      assert.deepEqual(world.requests.length, 1, 'what the first phone has asked for, and nothing else');
      assert.deepEqual(hostile.controller.violations, [], 'everything was sent');
      await hostile.disconnect();
      hostile[Symbol.dispose]();
      // As many handshakes may begin again.
      world.time.us += 60e6;
      await visit(air, world, 'Bob');
      assert.ok((await world.audit()).filter((line) => line.startsWith('refused')).length < 4);
    });
  }
});

/** A phone that is known, with a session. */
async function enter(phone: Phone, world: World, name: string): Promise<ControlSession> {
  const connection = await phone.connect(await phone.find());
  const invitation = await world.invite({ name });
  const { session } = await ControlSession.open(connection, {
    ...{ curve: nodeCurve, keys: nodeCurve.generate(), gatewayKey: world.gatewayKey, invitation },
  });
  await session.enrol();
  return session;
}

describe('a phone on the air that subscribes and takes nothing', () => {
  for (const driver of BLENO_DRIVERS) {
    it(`is kept little for over @${driver}/bleno, is cut off, and the others do not notice`, async () => {
      process.env['BLENO_ADVERTISING_INTERVAL'] = '20';
      using world = await openWorld();
      const air = new TappedAir();
      await using radio = createRadio({ mode: 'virtual', driver, air, name: 'Perigee', logger: SILENT });
      await radio.start([world.service], buildAdvertisement('Perigee', []));
      await using slow = await openPhone({ air });
      const session = await enter(slow, world, 'Ada');
      const watching = session.watch(['m1'])[Symbol.asyncIterator]();
      const first = watching.next();
      while (world.newsReaders() === 0) await sleep(1);
      world.report([sampleOf(1, 0)]);
      assert.equal((await first).value?.values?.length, 1);
      const controller = air.attached[0] ?? assert.fail('the gateway has a controller');
      const completed = controller.completed.bind(controller);
      let [stopped, held] = [-1, 0];
      // What its controller has in hand is never acknowledged: of the first phone that anything is sent to.
      controller.completed = (handle, packets) => {
        if (stopped < 0) stopped = handle;
        if (handle === stopped) held += packets;
        else completed(handle, packets);
      };
      for (let i = 1; i <= 5000; i++) {
        world.report([sampleOf(1, i)]);
        if (i % 100 === 0) await sleep(1);
      }
      assert.ok(held <= 64, `${held} packets for 5000 reports`);
      if (driver === 'stoprocent') await visit(air, world, 'Bob');
      world.time.us += 31e6;
      await assert.rejects(
        (async () => {
          for (;;) if ((await watching.next()).done === true) break;
        })(),
        { code: 'radio-unavailable' },
      );
      controller.completed = completed;
      assert.equal(world.access.refused['a phone that takes nothing'], 1);
      assert.equal(world.newsReaders(), 0);
      await visit(air, world, 'Cid');
    });
  }
});

/** Of the value: read by its type, the error names it (Core specification, vol 3, part F, 3.4.4.1). */
async function handleOf(phone: RawPhone, uuid: string): Promise<number> {
  const answer = await phone.att(`080100ffff${Buffer.from(uuidBytes(uuid)).toString('hex')}`);
  return Buffer.from(answer, 'hex').readUInt16LE(2);
}

function le(handle: number): string {
  return Buffer.of(handle & 0xff, handle >> 8).toString('hex');
}
