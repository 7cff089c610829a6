import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inChannel } from '@perigee/gatt';
import { perigee } from '@perigee/proto';
import { actsOf, campaign, reopened, VALID } from './support-campaign.js';
import { enrolled, openWorld, START } from './support-phones.js';

/** The whole is `npm run test:phone-messages`. */
const MESSAGES = 400;

describe('a phone that has a key and sends what it likes', () => {
  it('is answered or ended, does nothing that it may not, and costs nobody anything', async () => {
    const { answered, ended } = await campaign(1, MESSAGES);
    assert.ok(answered > MESSAGES / 4 && ended > MESSAGES / 10, `${answered} answered, ${ended} ended`);
  });

  it('does nothing with the beginning of any message', async () => {
    using world = await openWorld();
    let phone = await enrolled(world, { role: 'viewer' });
    const before = actsOf(world);
    for (const command of VALID) {
      const whole = inChannel('control', perigee.v1.Command.encode({ id: 7, ...command }).finish());
      for (let length = 0; length < whole.length; length++) {
        world.time.us += 1e6;
        const status = phone.write('sealed', phone.session.seal(whole.slice(0, length)));
        await phone.said();
        if (status === 0) continue;
        assert.equal(phone.refusal, 'bad-frame');
        phone = reopened(world, phone);
      }
    }
    assert.deepEqual(actsOf(world), before);
  });

  it('opens no session with the beginning of any hello, or with one that was changed in any bit', async () => {
    using world = await openWorld();
    const ada = await enrolled(world);
    const { bytes } = world.phone({ keys: ada.keys }).session.hello() ?? assert.fail('it says hello');
    const spoiled = [
      ...Array.from({ length: bytes.length }, (_, length) => bytes.slice(0, length)).slice(1),
      ...Array.from({ length: bytes.length * 8 }, (_, bit) =>
        bytes.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte)),
      ),
    ];
    for (const hello of spoiled) {
      const phone = world.phone();
      assert.notEqual(phone.write('hello', hello), 0);
      assert.equal(phone.refusal, 'bad-frame');
      phone.listener.ended();
      world.time.us += 1e6;
    }
    assert.equal(world.access.refused['a first message that is not for this gateway'], spoiled.length);
  });

  it('ends its session by a sealed message that was replayed, left out, cut or changed in any bit', async () => {
    using world = await openWorld();
    let phone = await enrolled(world);
    const command = inChannel('control', perigee.v1.Command.encode({ id: 7, start: START }).finish());
    const ways: readonly ((sealed: Uint8Array) => Uint8Array)[] = [
      ...Array.from(
        { length: command.length + 16 },
        (_, at) => (sealed: Uint8Array) => sealed.slice(0, at),
      ).slice(1),
      ...Array.from(
        { length: (command.length + 16) * 8 },
        (_, bit) => (sealed: Uint8Array) =>
          sealed.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte)),
      ),
    ];
    for (const way of ways) {
      const sealed = phone.session.seal(command) ?? assert.fail('a session');
      assert.equal(phone.write('sealed', way(sealed)), 0x83);
      phone = reopened(world, phone);
    }
    const first = phone.session.seal(
      inChannel('control', perigee.v1.Command.encode({ id: 1, images: {} }).finish()),
    );
    assert.equal(phone.write('sealed', first), 0);
    assert.equal(phone.write('sealed', first), 0x83, 'again');
    assert.deepEqual(world.requests, []);
  });
});
