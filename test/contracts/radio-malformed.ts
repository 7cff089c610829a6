import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BlenoDriver } from '../../src/radio/index.js';
import { SLOW_CHARACTERISTIC, startGateway } from '../radio/support-gateway.js';
import type { TestGateway } from '../radio/support-gateway.js';
import { RawPhone } from '../radio/support-raw-phone.js';

const ATT = 4;
const SIGNALLING = 5;
const SECURITY = 6;

/** One of each request, whole; every beginning of each is malformed. */
const REQUESTS = [
  '02f700',
  '040100ffff',
  '060100ffff00280a18',
  '080100ffff0328',
  '080100ffffdfc4cb1bb9b831b7b94cc59f010008f1',
  '0a0300',
  '0c03000000',
  '0e03000500',
  '100100ffff0028',
  '1203000100',
  '160300000041',
  '1801',
  '1e',
  '52030001',
  'd203000102030405060708090a0b0c',
];

/** From the gateway's own controller: legal events without parameters, short ones, and none at all. */
const EVENTS = [
  '040e03010000',
  '040e00',
  '040e0100',
  '040e0401010400',
  '040e0401091000',
  '040e0401022000',
  '040e0401051400',
  '043e00',
  '043e0101',
  '043e020100',
  '043e0100',
  '043e0103',
  '043e13013c4000010000000000000000000000000000',
  '040500',
  '04050100',
  '04050401400013',
  '040800',
  '041300',
  '041301ff',
  '0413050240000100',
  '040f00',
  '041001',
  '04',
  '0405',
  '02',
  '0240',
  '024020',
  '0240200000',
  '02402001000a',
  '0240200300010004',
  '02ff2f04000000000000',
  '03000000',
  'ff',
  '',
];

/** Hostile input over the air and from the controller: none of it may end, wedge or mislead the gateway. */
export function malformedInput(driver: BlenoDriver): void {
  describe(`a radio over @${driver}/bleno, when fed what it cannot read`, () => {
    let gateway: TestGateway;
    let phone: RawPhone;

    /** A fresh phone, after this one: the gateway lives, and mixes nothing up. */
    const servesAnother = async (): Promise<void> => {
      if (phone.handle !== undefined) await phone.disconnect();
      using other = new RawPhone(gateway.air);
      await other.connect();
      assert.equal(await other.att('0a0300'), '0b' + Buffer.from('Perigee under test').toString('hex'));
      await other.disconnect();
    };

    before(async () => {
      gateway = await startGateway(driver);
    });
    beforeEach(async () => {
      phone = new RawPhone(gateway.air);
      await phone.connect();
    });
    afterEach(async () => {
      await servesAnother();
      assert.deepEqual(phone.controller.violations, [], 'everything that this phone sent was sent');
      phone[Symbol.dispose]();
    });
    after(() => gateway[Symbol.asyncDispose]());

    it('refuses every request that is cut short, or answers it, and goes on', async () => {
      for (const request of REQUESTS) {
        for (let bytes = 0; bytes < request.length / 2; bytes++) {
          phone.l2cap(ATT, request.slice(0, 2 * bytes));
          await sleep(1);
        }
      }
      await phone.silence();
      assert.equal(await phone.att('0a'), '010a000004', 'invalid PDU');
      assert.equal(await phone.att('02f7'), '0102000004');
      assert.equal(await phone.att('02f700'), '03f700');
    });

    it('answers every lone opcode that wants an answer', async () => {
      const opcodes = Array.from({ length: 256 }, (_, opcode) => opcode);
      for (const opcode of opcodes) {
        phone.l2cap(ATT, Buffer.of(opcode).toString('hex'));
        await sleep(1);
      }
      await phone.silence();
      const refused = phone.received.map((packet) => packet.readUInt8(10));
      assert.deepEqual(
        refused,
        opcodes.filter((opcode) => (opcode & 0x40) === 0 && opcode !== 0x1e),
        'all but commands and the confirmation',
      );
    });

    it('finds nothing by an empty value', async () => {
      assert.equal(await phone.att('060100ffff0028'), '010601000a');
    });

    it('survives requests by a UUID of any length', async () => {
      for (let bytes = 0; bytes < 20; bytes++) {
        const answer = await phone.att(`080100ffff${'00'.repeat(bytes)}`);
        assert.match(answer, /^0108/);
        assert.match(await phone.att(`100100ffff${'00'.repeat(bytes)}`), /^0110/);
      }
    });

    it('lets nobody write to a declaration, a value or a description', async () => {
      for (let handle = 1; handle < 40; handle++) {
        const written = await phone.att(`12${Buffer.of(handle).toString('hex')}00ff`);
        assert.match(written, /^0112..00(03|0d|01)$/, 'not permitted, of a wrong length, or not there');
      }
    });

    it('prepares no write that is longer than a value', async () => {
      assert.equal(await phone.att('160300ffff41'), '0116030007');
      assert.match(await phone.att('1800'), /^0118/);
    });

    it('reads no attribute that is not there, and no more than there is', async () => {
      assert.equal(await phone.att('0a0000'), '010a000001');
      assert.equal(await phone.att('0affff'), '010affff01');
      assert.equal(await phone.att('0c0300ffff'), '010c030007', 'invalid offset');
    });

    it('pairs with nobody, in whatever order pairing comes', async () => {
      for (const packet of [
        '',
        '01',
        '02',
        '03' + '00'.repeat(16),
        '04' + '00'.repeat(16),
        '05',
        '0508',
        '06',
        'ff',
      ]) {
        phone.l2cap(SECURITY, packet);
        await sleep(1);
      }
      await sleep(20);
      const answers = phone.received.filter((packet) => packet.readUInt16LE(7) === SECURITY);
      assert.deepEqual(
        answers.map((packet) => packet.toString('hex', 9)),
        ['0505'],
        'pairing not supported',
      );
    });

    it('ignores channels that it does not have', async () => {
      for (const channel of [0, 1, 2, 3, SIGNALLING, 7, 0x40, 0xffff]) phone.l2cap(channel, '0101020000');
      assert.deepEqual(await phone.silence(), []);
    });

    it('survives fragments that are short, lost, too many or too long', async () => {
      for (const start of [
        '',
        '03',
        '0300',
        '030004',
        '03000400',
        'ffff0400',
        '0004040000',
        '030004000a03000a0300',
      ]) {
        phone.acl(start);
        phone.acl('0a0300', 1);
        await sleep(2);
      }
      phone.acl('ff03040000');
      for (let i = 0; i < 20; i++) {
        phone.acl('00'.repeat(250), 1);
        await sleep(1);
      }
      assert.match(await phone.att('0a0300'), /^0b/);
    });

    it('completes half a packet of a phone that left with nothing of the next one', async () => {
      phone.acl('03000400');
      await sleep(5);
      await phone.disconnect();
      await phone.connect();
      phone.acl('0a0300', 1);
      assert.deepEqual(await phone.silence(), []);
    });

    it('survives what a controller should not say', async () => {
      const controller = gateway.air.attached[0];
      for (const packet of EVENTS) controller?.toHost(Buffer.from(packet, 'hex'));
      await sleep(20);
      assert.match(await phone.att('0a0300'), /^0b/, 'and the connection is still the same');
    });

    it('drops the late answer to a phone that left, also when the next one has its handle', async () => {
      const reversed = Buffer.from(SLOW_CHARACTERISTIC, 'hex').reverse().toString('hex');
      phone.l2cap(ATT, `080100ffff${reversed}`);
      for (let i = 0; i < 200 && gateway.slowReads === 0; i++) await sleep(5);
      assert.equal(gateway.slowReads, 1);
      const handle = phone.handle;
      await phone.disconnect();
      await phone.connect();
      assert.equal(phone.handle, handle);
      gateway.answerSlowReads();
      assert.deepEqual(await phone.silence(), []);
      assert.match(await phone.att('0a0300'), /^0b/);
    });

    it('keeps only so many answers waiting for a phone that asks without end', async () => {
      const reversed = Buffer.from(SLOW_CHARACTERISTIC, 'hex').reverse().toString('hex');
      for (let i = 0; i < 100; i++) {
        phone.l2cap(ATT, `080100ffff${reversed}`);
        await sleep(1);
      }
      assert.equal(gateway.slowReads, 4);
      gateway.answerSlowReads();
    });

    it('drops notifications that a phone does not take, and keeps the link for the next ones', async () => {
      const controller = gateway.air.attached[0];
      assert.ok(controller !== undefined);
      await subscribeToAll(phone);
      await phone.silence();
      phone.received.length = 0;
      const completed = controller.completed.bind(controller);
      let held = 0;
      controller.completed = (_handle, packets) => {
        held += packets;
      };
      for (let i = 0; i < 1_000; i++) gateway.notifyTemperature();
      await sleep(50);
      assert.equal(phone.received.length, 7, 'what one phone may have of the controller’s buffers');
      controller.completed = completed;
      completed(0x40, held);
      await sleep(50);
      assert.equal(phone.received.length, 15, 'and what waited');
      gateway.notifyTemperature();
      await sleep(50);
      assert.equal(phone.received.length, 16);
    });

    it('disconnects a phone that asks and takes no answers', async () => {
      const controller = gateway.air.attached[0];
      assert.ok(controller !== undefined);
      const completed = controller.completed.bind(controller);
      controller.completed = () => undefined;
      const gone = phone.disconnected();
      const flood = setInterval(() => phone.handle !== undefined && phone.l2cap(ATT, '0a0300'), 1);
      try {
        await gone;
      } finally {
        clearInterval(flood);
        controller.completed = completed;
      }
    });
  });
}

/** Writes "notify" to every client configuration there is. */
async function subscribeToAll(phone: RawPhone): Promise<void> {
  for (let handle = 1; handle < 48; handle++) await phone.att(`12${Buffer.of(handle).toString('hex')}000100`);
}
