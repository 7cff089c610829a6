import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { perigee } from '@perigee/proto';
import { again, enrolled, openWorld, refusalOf } from './support-phones.js';
import type { TestPhone } from './support-phone.js';

const OFTEN = 'access-refused: too many commands in too short a time';
const LOG: perigee.v1.Command.$Properties = { open: { runLog: '00000000000000aa' } };

/** How many of the commands were done, until one is refused. */
async function done(phone: TestPhone, command: perigee.v1.Command.$Properties): Promise<number> {
  for (let count = 0; count < 1000; count++) if ((await refusalOf(phone, command)) === OFTEN) return count;
  return assert.fail('it is never refused');
}

describe('what a phone may ask', () => {
  it('is a hundred commands at once, then ten a second, with the same session; what is more is counted', async () => {
    using world = await openWorld();
    const phone = await enrolled(world, { role: 'viewer' });
    assert.equal(await done(phone, { schedules: {} }), 99, 'and the one by which it enrolled');
    world.time.us += 1e6;
    assert.equal(await done(phone, { schedules: {} }), 10);
    assert.equal(world.access.refused['commands that come too fast'], 2);
  });

  it('is a tenth of that in snapshots', async () => {
    using world = await openWorld();
    const phone = await enrolled(world, { role: 'viewer' });
    world.time.us += 1e6;
    assert.equal(await done(phone, LOG), 10);
    world.time.us += 2e6;
    assert.equal(await done(phone, LOG), 2);
  });

  it('is no more for one that connects again, and no less for another', async () => {
    using world = await openWorld();
    const phone = await enrolled(world, { role: 'viewer' });
    const other = await enrolled(world, { name: 'Bob' });
    await done(phone, { schedules: {} });
    phone.listener.ended();
    assert.equal(await refusalOf(again(world, phone), { schedules: {} }), OFTEN);
    assert.ok((await other.ask({ schedules: {} })).schedules);
  });
});
