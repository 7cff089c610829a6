import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { enrolled, openWorld } from './support-phones.js';
import type { TestPhone } from './support-phone.js';

const BUSY = 0x82;
const NO_SESSION = 0x81;
const LONG = { runs: { limit: 100 } };

function stall(phone: TestPhone, room: number): void {
  phone.sent.length = 0;
  phone.room = room;
}

describe('what waits for a phone', () => {
  it('is bounded by the end of the session, where none of it may be lost', async () => {
    using world = await openWorld();
    const phone = await enrolled(world, { role: 'viewer' });
    stall(phone, 0);
    const statuses: number[] = [];
    while (statuses.length < 100) {
      statuses.push(phone.command(LONG));
      await phone.said();
    }
    const ending = statuses.indexOf(BUSY);
    assert.ok(ending > 4 && ending < 40, `${ending} were taken`);
    assert.deepEqual(new Set(statuses.slice(ending + 1)), new Set([NO_SESSION]));
    assert.equal(world.access.refused['a phone that asks for more than it takes'], 1);
  });

  it('counts as under way until the last of an answer has left', async () => {
    using world = await openWorld();
    const phone = await enrolled(world, { role: 'viewer' });
    stall(phone, 1);
    for (let count = 0; count < 5; count++) {
      phone.command(LONG);
      await phone.said();
    }
    stall(phone, Infinity);
    phone.drain();
    const answers = (await phone.said()).flatMap(({ answer }) => (answer?.enrolled ? [] : [answer]));
    assert.deepEqual(
      answers.map((answer) => answer?.refusal?.message ?? 'answered'),
      ['answered', 'answered', 'answered', 'answered', 'too many commands at once'],
    );
    assert.ok((await phone.ask(LONG)).runs, 'they have left');
  });

  for (const [seconds, kept] of [
    [4, true],
    [20, false],
  ] as const)
    it(`keeps a link that takes a packet every ${seconds} s ${kept ? 'until all has left' : 'for some packets only'}`, async (context) => {
      context.mock.timers.enable({ apis: ['setInterval'] });
      using world = await openWorld();
      const phone = await enrolled(world, { role: 'viewer' });
      stall(phone, 1);
      for (let count = 0; count < 4; count++) phone.command(LONG);
      await phone.said();
      let packets = 0;
      for (; packets < 60 && !phone.disconnected; packets++) {
        world.time.us += seconds * 1e6;
        context.mock.timers.tick(1000);
        phone.drain();
      }
      assert.equal(packets, kept ? 60 : 2);
    });
});
