import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fragments, portableCurve } from '@perigee/gatt';
import { random32 } from '../support/random.js';
import type { TestPhone } from './support-phone.js';
import { again, enrolled, openWorld, refusalOf, START } from './support-phones.js';

const NOT_ENROLLED = 0x80;
const NO_SESSION = 0x81;
const BAD_FRAME = 0x83;
const RATE_LIMITED = 0x84;

describe('a phone with an invitation', () => {
  it('enrols, and is known from then on', async () => {
    using world = await openWorld();
    const phone = await enrolled(world);
    const { images } = await again(world, phone).ask({ images: {} });
    assert.equal(images?.images?.[0]?.name, 'image-0');
    assert.deepEqual(
      (await world.audit()).map((line) => line.replace(/key .*…/, 'key')),
      [
        'session Ada: opened',
        'enrolled Ada: as technician, key, invited by local',
        'invited local: Ada, as technician',
      ],
    );
  });

  it('enrols over the smallest packets too', async () => {
    using world = await openWorld();
    const phone = world.phone({ invitation: await world.invite(), maxBytes: 20 });
    phone.hello();
    assert.equal((await phone.ask({ enrol: {} })).enrolled?.name, 'Ada');
  });

  it('may nothing before it has enrolled', async () => {
    using world = await openWorld();
    const phone = world.phone({ invitation: await world.invite() });
    phone.hello();
    assert.match(await refusalOf(phone, { start: START }), /access-refused: .* not enrolled yet/);
    assert.deepEqual(world.requests, []);
    assert.equal((await phone.ask({ enrol: {} })).enrolled?.name, 'Ada');
  });

  it('finds that another one was first', async () => {
    using world = await openWorld();
    const invitation = await world.invite();
    const [one, two] = [world.phone({ invitation }), world.phone({ invitation })];
    assert.deepEqual([one.hello(), two.hello()], [0, 0]);
    assert.equal((await one.ask({ enrol: {} })).enrolled?.name, 'Ada');
    assert.match(await refusalOf(two, { enrol: {} }), /access-refused: this invitation was used/);
    assert.equal(world.access.holder(Buffer.from(two.keys.publicKey).toString('hex')), undefined);
    assert.equal(world.phone({ invitation }).hello(), NOT_ENROLLED);
  });

  it('is refused with another secret, or for one that is not out', async () => {
    using world = await openWorld();
    const { id } = await world.invite();
    const wrong = world.phone({ invitation: { id, secret: new Uint8Array(32) } });
    assert.equal(wrong.hello(), 0, 'the gateway cannot tell yet');
    assert.equal(wrong.events.at(-1)?.kind, 'fault', 'the phone can');
    assert.equal(wrong.write('sealed', new Uint8Array(40)), BAD_FRAME);
    const unknown = world.phone({ invitation: { id: new Uint8Array(8), secret: new Uint8Array(32) } });
    assert.equal(unknown.hello(), NOT_ENROLLED);
    assert.deepEqual(await world.access.technicians(), []);
  });
});

describe('a phone that nobody knows', () => {
  it('is refused in the answer to its write, in the clear, and in the log', async () => {
    using world = await openWorld();
    const stranger = world.phone();
    assert.equal(stranger.hello(), NOT_ENROLLED);
    assert.equal(stranger.refusal, 'not-enrolled');
    assert.deepEqual(await world.audit(), ['refused : a key of no technician']);
  });

  it('gets no session by another gateway’s key, a sealed message, or chance', async () => {
    using world = await openWorld();
    assert.equal(world.phone({ gatewayKey: portableCurve.generate().publicKey }).hello(), BAD_FRAME);
    assert.equal(world.phone().write('sealed', new Uint8Array(40)), NO_SESSION);
    const next = random32(9);
    const phone = world.phone();
    for (let i = 0; i < 20_000; i++) {
      const status = phone.listener.receive(Uint8Array.from({ length: next() % 40 }, () => next() & 0xff));
      assert.ok(status === 0 || status >= 0x80);
    }
    assert.ok((await world.audit()).length < 3, 'refusals are told together');
  });

  it('may begin a few handshakes, and no more by subscribing again', async () => {
    using world = await openWorld();
    const connection = {};
    const statuses = Array.from({ length: 6 }, () => garbage(world.phone({ connection })));
    assert.deepEqual(statuses, [BAD_FRAME, BAD_FRAME, BAD_FRAME, BAD_FRAME, RATE_LIMITED, RATE_LIMITED]);
    world.time.us += 2e6;
    assert.equal(garbage(world.phone({ connection })), BAD_FRAME, 'one more two seconds later');
    assert.deepEqual(
      { ...world.access.refused },
      {
        'a first message that is not for this gateway': 5,
        'too many handshakes': 2,
      },
    );
  });

  it('keeps nobody out, however often it tries, and neither do seven of its kind', async () => {
    using world = await openWorld();
    const ada = await enrolled(world);
    const crowd = Array.from({ length: 7 }, () => world.phone());
    for (let seconds = 0; seconds < 60; seconds++) {
      for (const each of crowd) for (let tries = 0; tries < 20; tries++) garbage(each);
      world.time.us += 1e6;
    }
    const phone = again(world, ada);
    assert.ok((await phone.ask({ images: {} })).images);
    for (let tries = 0; tries < 3; tries++) {
      const next = world.phone({ keys: ada.keys, connection: phone });
      assert.equal(next.hello(), 0, 'also when it opens a session again');
    }
  });

  it('costs no more than so many handshakes a second, however many come and go', async () => {
    using world = await openWorld();
    let begun = 0;
    for (let seconds = 0; seconds < 100; seconds++) {
      for (let i = 0; i < 100; i++) if (garbage(world.phone()) === BAD_FRAME) begun += 1;
      world.time.us += 1e6;
    }
    assert.ok(begun <= 20 + 10 * 100, `${begun} of 10,000`);
  });

  it('is let go if it opens no session within a minute, or none again', async (context) => {
    context.mock.timers.enable({ apis: ['setInterval'] });
    using world = await openWorld();
    const [silent, ada] = [world.phone(), await enrolled(world)];
    ada.write('sealed', new Uint8Array(40));
    world.time.us += 59e6;
    context.mock.timers.tick(1000);
    assert.deepEqual([silent.disconnected, ada.disconnected], [false, false]);
    world.time.us += 1e6;
    context.mock.timers.tick(3000);
    assert.deepEqual([silent.disconnected, ada.disconnected], [true, true]);
    assert.equal(world.access.refused['a phone that subscribed and has no session'], 2);
  });

  it('has one minute a connection, however often it subscribes or says hello', async (context) => {
    context.mock.timers.enable({ apis: ['setInterval'] });
    using world = await openWorld();
    const { keys } = await enrolled(world);
    const connection = {};
    const subscribe = (): TestPhone => world.phone({ connection, keys });
    let phone = subscribe();
    for (let i = 0; i < 2; i++) {
      world.time.us += 29e6;
      phone.hello();
      phone.listener.ended();
      // Not subscribed: the radio counts that.
      world.time.us += 3600e6;
      phone = subscribe();
    }
    world.time.us += 1e6;
    context.mock.timers.tick(1000);
    assert.equal(phone.disconnected, false, 'a second is left of it');
    world.time.us += 1e6;
    context.mock.timers.tick(1000);
    assert.equal(phone.disconnected, true);
  });

  it('begins a new minute after a session', async (context) => {
    context.mock.timers.enable({ apis: ['setInterval'] });
    using world = await openWorld();
    const ada = await enrolled(world);
    world.time.us += 600e6;
    ada.listener.ended();
    const phone = world.phone({ connection: ada });
    world.time.us += 59e6;
    context.mock.timers.tick(1000);
    assert.equal(phone.disconnected, false);
  });
});

describe('a thousand handshakes that are left half open', () => {
  it('leave nothing behind, in whichever part they were left, and nobody waits for them', async () => {
    using world = await openWorld();
    const ada = await enrolled(world);
    const before = await world.audit();
    for (let i = 0; i < 1000; i++) {
      const phone = world.phone({ keys: ada.keys });
      const { bytes, of } = phone.session.hello() ?? assert.fail('it says hello');
      const pieces = fragments(of, bytes, 40);
      for (const piece of pieces.slice(0, 1 + (i % pieces.length))) phone.listener.receive(piece);
      phone.listener.ended();
      world.time.us += 100_000;
    }
    assert.equal(world.sessions(), 1, 'hers');
    assert.ok((await ada.ask({ images: {} })).images);
    assert.deepEqual(await world.audit(), before, 'nothing was done for them');
  });
});

/** As long as a first message, and none. */
function garbage(phone: TestPhone): number {
  return phone.write('hello', new Uint8Array(96));
}

describe('a hello that was overheard', () => {
  it('does nothing: it opens no session, and nothing is written down of it', async () => {
    using world = await openWorld();
    const phone = await enrolled(world);
    const before = await world.audit();
    const twin = world.phone({ keys: phone.keys });
    const { bytes } = twin.session.hello() ?? assert.fail('it says hello');
    const eavesdropper = world.phone();
    assert.equal(eavesdropper.write('hello', bytes), 0);
    assert.deepEqual(await world.audit(), before);
    assert.equal(eavesdropper.write('sealed', new Uint8Array(64)), BAD_FRAME);
    assert.deepEqual(world.requests, []);
  });
});
