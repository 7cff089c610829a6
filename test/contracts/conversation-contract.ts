import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BlenoDriver } from '../../src/radio/index.js';
import { startGateway, TALK_NOTIFIED, TALK_WRITTEN } from '../radio/support-gateway.js';
import type { Talk, TestGateway } from '../radio/support-gateway.js';
import { RawPhone } from '../radio/support-raw-phone.js';

const ATT = 4;
const NOTIFICATION = 0x1b;
const NOT_SUBSCRIBED = 'fd';

/** What every driver does with a conversation: one for each phone, as bytes of ATT. */
export function conversations(driver: BlenoDriver): void {
  describe(`a conversation over @${driver}/bleno`, () => {
    let gateway: TestGateway;
    let phone: RawPhone;
    let handles: { readonly written: string; readonly notified: string; readonly subscription: string };

    const subscribe = (to: RawPhone, on = '0100'): Promise<string> =>
      to.att(`12${handles.subscription}${on}`);
    const talk = (): Talk => gateway.talks.at(-1) ?? assert.fail('a conversation has begun');
    const notified = (by: RawPhone): readonly string[] =>
      by.received.filter((packet) => packet[9] === NOTIFICATION).map((packet) => packet.toString('hex', 12));

    before(async () => {
      gateway = await startGateway(driver);
    });
    beforeEach(async () => {
      phone = new RawPhone(gateway.air);
      await phone.connect();
      handles = { ...(await handlesOf(phone)) };
    });
    afterEach(async () => {
      if (phone.handle !== undefined) await phone.disconnect();
      phone[Symbol.dispose]();
      const over = (): boolean => gateway.talks.every(({ ended }) => ended);
      for (let tries = 0; tries < 100 && !over(); tries++) await sleep(5);
      assert.ok(over(), 'who has left talks no more');
    });
    after(() => gateway[Symbol.asyncDispose]());

    it('begins when the phone subscribes, and ends when it does not listen any more', async () => {
      const before = gateway.talks.length;
      assert.equal(await phone.att(`12${handles.written}aa`), `0112${handles.written}${NOT_SUBSCRIBED}`);
      assert.equal(await subscribe(phone), '13');
      assert.equal(gateway.talks.length, before + 1);
      const first = talk();
      await subscribe(phone, '0000');
      assert.equal(first.ended, true);
      assert.equal(first.link.send(Buffer.of(1)), false);
      assert.equal(await phone.att(`12${handles.written}aa`), `0112${handles.written}${NOT_SUBSCRIBED}`);
      await subscribe(phone);
      await subscribe(phone);
      assert.equal(gateway.talks.length, before + 3, 'a second subscription begins anew');
      assert.equal(gateway.talks.at(-2)?.ended, true);
      assert.equal(talk().link.connection, first.link.connection, 'by the same phone');
      assert.deepEqual(notified(phone), []);
    });

    it('hears what the phone writes, in whichever of three ways, and answers with its word', async () => {
      await subscribe(phone);
      assert.equal(await phone.att(`12${handles.written}0102`), '13');
      phone.l2cap(ATT, `52${handles.written}03`);
      talk().answer = 0x83;
      assert.equal(await phone.att(`12${handles.written}04`), `0112${handles.written}83`);
      talk().answer = 0;
      assert.match(await phone.att(`16${handles.written}0000${'05'.repeat(18)}`), /^17/);
      assert.match(await phone.att(`16${handles.written}120006`), /^17/);
      assert.equal(await phone.att('1801'), '19');
      assert.deepEqual(
        talk().heard.map((bytes) => bytes.toString('hex')),
        ['0102', '03', '04', `${'05'.repeat(18)}06`],
      );
    });

    it('is not read', async () => {
      for (const handle of [handles.written, handles.notified])
        assert.match(await phone.att(`0a${handle}`), /^010a....02$/, 'read not permitted');
    });

    it('sends as much at once as the connection carries now', async () => {
      await subscribe(phone);
      assert.equal(talk().link.maxBytes, 20);
      assert.equal(await phone.att('02f700'), '03f700');
      assert.equal(talk().link.maxBytes, 244);
      assert.equal(talk().link.send(Buffer.alloc(244, 7)), true);
      await sleep(20);
      assert.deepEqual(notified(phone), ['07'.repeat(244)]);
    });

    it('takes a few packets for a link that is stopped, and says when there is room again', async () => {
      await subscribe(phone);
      const { link } = talk();
      // What was sent before is acknowledged by then.
      await sleep(20);
      const controller = gateway.air.attached[0] ?? assert.fail('the gateway has a controller');
      const completed = controller.completed.bind(controller);
      const held: [number, number][] = [];
      controller.completed = (handle, packets) => void held.push([handle, packets]);
      let sent = 0;
      while (link.send(Buffer.of(sent)) && sent < 1000) sent += 1;
      assert.ok(sent >= 16 && sent <= 32, `${sent} packets`);
      await sleep(20);
      assert.equal(talk().readies, 0);
      controller.completed = completed;
      held.splice(0).forEach(([handle, packets]) => completed(handle, packets));
      for (let tries = 0; tries < 100 && talk().readies === 0; tries++) await sleep(5);
      assert.equal(talk().readies, 1);
      assert.equal(link.send(Buffer.of(0xff)), true);
      await sleep(20);
      assert.equal(notified(phone).length, sent + 1, 'nothing was lost');
    });

    it('can end the connection', async () => {
      await subscribe(phone);
      const gone = phone.disconnected();
      talk().link.disconnect();
      await gone;
      assert.equal(talk().ended, true);
      talk().link.disconnect();
    });

    if (driver === 'stoprocent')
      it('is each phone’s own', async () => {
        using other = new RawPhone(gateway.air);
        await other.connect();
        await subscribe(phone);
        const mine = talk();
        await subscribe(other);
        const theirs = talk();
        await phone.att(`12${handles.written}01`);
        await other.att(`12${handles.written}02`);
        mine.link.send(Buffer.of(0xa1));
        theirs.link.send(Buffer.of(0xa2));
        await sleep(20);
        assert.deepEqual([mine.heard, theirs.heard], [[Buffer.of(1)], [Buffer.of(2)]]);
        assert.notEqual(mine.link.connection, theirs.link.connection);
        assert.deepEqual([notified(phone), notified(other)], [['a1'], ['a2']]);
        await other.disconnect();
        for (let tries = 0; tries < 100 && !theirs.ended; tries++) await sleep(5);
        assert.deepEqual([mine.ended, theirs.ended], [false, true]);
      });
  });
}

/** By their declarations (Core specification, vol 3, part G, 4.6.1), little-endian hexadecimal. */
async function handlesOf(
  phone: RawPhone,
): Promise<{ written: string; notified: string; subscription: string }> {
  const found = new Map<string, number>();
  for (let from = 1; ;) {
    const answer = Buffer.from(await phone.att(`08${le(from)}ffff0328`), 'hex');
    if (answer[0] !== 0x09) break;
    const size = answer.readUInt8(1);
    for (let at = 2; at < answer.length; at += size) {
      from = answer.readUInt16LE(at) + 1;
      const uuid = Buffer.from(answer.subarray(at + 5, at + size))
        .reverse()
        .toString('hex');
      found.set(uuid, answer.readUInt16LE(at + 3));
    }
  }
  const [written, notified] = [TALK_WRITTEN, TALK_NOTIFIED].map(
    (uuid) => found.get(uuid) ?? assert.fail(`${uuid} is served`),
  ) as [number, number];
  return { written: le(written), notified: le(notified), subscription: le(notified + 1) };
}

function le(handle: number): string {
  return Buffer.of(handle & 0xff, handle >> 8).toString('hex');
}
