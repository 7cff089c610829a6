import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fragments, portableCurve } from '@perigee/gatt';
import { random32 } from '../support/random.js';
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

  it('may begin a few handshakes, and all phones together some more', async () => {
    using world = await openWorld();
    const tries = (count: number): readonly number[] =>
      Array.from({ length: count }, () => world.phone().hello());
    const phone = world.phone();
    const one = fragments('hello', new Uint8Array(96), 100);
    const statuses = Array.from({ length: 6 }, () => one.map((each) => phone.listener.receive(each)).at(-1));
    assert.deepEqual(statuses, [BAD_FRAME, BAD_FRAME, BAD_FRAME, BAD_FRAME, RATE_LIMITED, RATE_LIMITED]);
    assert.equal(phone.refusal, 'rate-limited');
    const all = tries(100);
    assert.equal(all.filter((status) => status === NOT_ENROLLED).length, 16);
    assert.equal(all.filter((status) => status === RATE_LIMITED).length, 84);
    world.time.us += 1e6;
    assert.equal(world.phone().hello(), NOT_ENROLLED, 'a second later there is room again');
  });
});

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
