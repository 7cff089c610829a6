import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeInvitation, fragments, GatewaySession, PhoneSession, portableCurve } from '@perigee/gatt';
import type { FrameKind, GatewayEvent, Invitation, PhoneEvent } from '@perigee/gatt';
import { random32 } from '../support/random.js';

const curve = portableCurve;
const gatewayKeys = curve.generate();
const phoneKeys = curve.generate();
const INVITATION: Invitation = { id: new Uint8Array(8).fill(1), secret: new Uint8Array(32).fill(2) };
const WELCOME = Uint8Array.of(8, 1);
const ONE = Uint8Array.of(1);
const LOW_ORDER = new Uint8Array(32);

interface Pair {
  readonly phone: PhoneSession;
  readonly gateway: GatewaySession;
}

const pair = (invitation?: Invitation, gatewayKey = gatewayKeys.publicKey): Pair => ({
  phone: new PhoneSession({ curve, keys: phoneKeys, gatewayKey, ...(invitation && { invitation }) }),
  gateway: new GatewaySession({ curve, keys: gatewayKeys }),
});

function deliver<E>(
  to: { receive(fragment: Uint8Array): E },
  kind: FrameKind,
  message: Uint8Array | undefined,
): E {
  const events = fragments(kind, message ?? assert.fail('there is a message'), 244).map((each) =>
    to.receive(each),
  );
  return events.at(-1) ?? assert.fail('there is an event');
}

const hello = ({ phone, gateway }: Pair): GatewayEvent => {
  const { bytes, of } = phone.hello() ?? assert.fail('a phone says hello');
  return deliver(gateway, of, bytes);
};

function opened(invitation?: Invitation): Pair {
  const both = pair(invitation);
  assert.equal(hello(both).kind, 'hello');
  const event = deliver(both.phone, 'welcome', both.gateway.accept(WELCOME, invitation?.secret));
  assert.deepEqual(event, { kind: 'open', payload: WELCOME });
  return both;
}

const toGateway = ({ phone, gateway }: Pair, plaintext = ONE): GatewayEvent =>
  deliver(gateway, 'sealed', phone.seal(plaintext));
const toPhone = ({ phone, gateway }: Pair, plaintext = ONE): PhoneEvent =>
  deliver(phone, 'sealed', gateway.seal(plaintext));

const BAD = { kind: 'fault', status: 'bad-frame' } as const;
const isBad = (event: GatewayEvent): void =>
  assert.deepEqual({ ...event, reason: '' }, { ...BAD, reason: '' });

describe('a session', () => {
  it('tells the gateway who says hello, and carries messages both ways', () => {
    const both = pair();
    assert.deepEqual(hello(both), { kind: 'hello', phoneKey: phoneKeys.publicKey });
    deliver(both.phone, 'welcome', both.gateway.accept(WELCOME));
    for (let i = 0; i < 3; i++) {
      assert.deepEqual(toGateway(both), { kind: 'message', plaintext: ONE });
      assert.deepEqual(toPhone(both), { kind: 'message', plaintext: ONE });
    }
  });

  it('goes on under new keys after thousands of messages', () => {
    const both = opened();
    for (let i = 0; i < 8200; i++) assert.equal(toGateway(both).kind, 'message');
    assert.equal(toPhone(both).kind, 'message');
  });

  it('is not there before the welcome, nor for whoever did not begin it', () => {
    const { gateway, phone } = pair();
    assert.equal(gateway.seal(ONE), undefined);
    assert.equal(phone.seal(ONE), undefined);
    assert.equal(gateway.accept(WELCOME), undefined);
    const early = deliver(gateway, 'sealed', new Uint8Array(20));
    assert.deepEqual({ ...early, reason: '' }, { kind: 'fault', status: 'no-session', reason: '' });
    assert.equal(deliver(phone, 'sealed', new Uint8Array(20)).kind, 'fault');
  });

  it('opens only with the gateway whose key the phone knows', () => {
    isBad(hello(pair(undefined, curve.generate().publicKey)));
    const both = pair();
    hello(both);
    const other = pair();
    hello(other);
    assert.equal(deliver(both.phone, 'welcome', other.gateway.accept(WELCOME)).kind, 'fault');
    assert.equal(both.phone.isOpen, false);
  });

  it('takes no key that makes the same of every secret', () => {
    assert.equal(pair(undefined, LOW_ORDER).phone.hello(), undefined);
    const { gateway, phone } = pair();
    const { bytes } = phone.hello() ?? assert.fail('a phone says hello');
    isBad(deliver(gateway, 'hello', Uint8Array.of(...LOW_ORDER, ...bytes.subarray(32))));
  });

  it('takes no hello that is cut, changed, or has more to say', () => {
    const { bytes } = pair().phone.hello() ?? assert.fail('a phone says hello');
    const { gateway } = pair();
    for (let length = 1; length < bytes.length; length++)
      isBad(deliver(gateway, 'hello', bytes.subarray(0, length)));
    for (let at = 0; at < bytes.length; at += 5) {
      const changed = Uint8Array.from(bytes, (byte, i) => (i === at ? byte ^ 1 : byte));
      isBad(deliver(gateway, 'hello', changed));
    }
    const enrolment = pair(INVITATION).phone.hello()?.bytes;
    isBad(deliver(gateway, 'hello', enrolment));
    isBad(deliver(gateway, 'enrolment', bytes));
    assert.equal(deliver(gateway, 'hello', bytes).kind, 'hello');
  });

  it('does nothing for a hello that was replayed: what follows cannot be sealed', () => {
    const first = opened();
    const replayed = pair();
    const { bytes } = pair().phone.hello() ?? assert.fail('a phone says hello');
    assert.equal(deliver(replayed.gateway, 'hello', bytes).kind, 'hello');
    replayed.gateway.accept(WELCOME);
    isBad(deliver(replayed.gateway, 'sealed', first.phone.seal(ONE)));
  });

  const wrongs: Readonly<Record<string, (messages: readonly Uint8Array[]) => readonly Uint8Array[]>> = {
    'is sent twice': ([one = ONE]) => [one, one],
    'comes too early': ([, two = ONE]) => [two],
    'was changed in one bit': ([one = ONE]) => [one.map((byte, i) => (i === 3 ? byte ^ 0x10 : byte))],
    'was cut short': ([one = ONE]) => [one.subarray(0, -1)],
    'was made longer': ([one = ONE]) => [Uint8Array.of(...one, 0)],
    'is shorter than its tag': () => [ONE],
  };
  for (const [what, make] of Object.entries(wrongs)) {
    it(`ends at the first message that ${what}, and takes no later one`, () => {
      const both = opened();
      const messages = [1, 2, 3].map(() => both.phone.seal(ONE) ?? assert.fail('the phone seals'));
      const events = make(messages).map((message) => deliver(both.gateway, 'sealed', message));
      isBad(events.at(-1) ?? assert.fail('an event'));
      assert.equal(both.gateway.isOpen, false);
      assert.equal(both.gateway.seal(ONE), undefined);
      for (const message of messages) assert.equal(deliver(both.gateway, 'sealed', message).kind, 'fault');
    });
  }

  it('ends on the phone too at the first message that is wrong', () => {
    const both = opened();
    const message = both.gateway.seal(ONE) ?? assert.fail('the gateway seals');
    assert.equal(deliver(both.phone, 'sealed', message).kind, 'message');
    assert.equal(deliver(both.phone, 'sealed', message).kind, 'fault');
    assert.equal(both.phone.seal(ONE), undefined);
  });

  it('begins anew on the same connection, as when the app was started again', () => {
    const both = opened();
    const again = { ...both, phone: pair().phone };
    assert.equal(hello(again).kind, 'hello');
    assert.equal(both.gateway.isOpen, false, 'the old one is over');
    deliver(again.phone, 'welcome', both.gateway.accept(WELCOME));
    assert.equal(toGateway(again).kind, 'message');
    isBad(toGateway(both));
  });

  it('ends for a phone that is refused, whatever the status means', () => {
    for (const [byte, status] of [
      [0x80, 'not-enrolled'],
      [0x99, undefined],
    ] as const) {
      const { phone } = opened();
      assert.deepEqual(deliver(phone, 'status', Uint8Array.of(byte)), { kind: 'refused', status });
      assert.equal(phone.isOpen, false);
    }
  });

  it('survives welcomes that nobody asked for', () => {
    const { phone } = pair();
    for (let i = 0; i < 4; i++) assert.equal(deliver(phone, 'welcome', new Uint8Array(80)).kind, 'fault');
    const both = opened();
    assert.equal(deliver(both.phone, 'welcome', new Uint8Array(80)).kind, 'fault');
  });

  it('survives a hundred thousand fragments of chance, on either side', () => {
    const next = random32(6);
    const both = opened();
    for (let i = 0; i < 50_000; i++) {
      const fragment = Uint8Array.from({ length: next() % 32 }, () => next() & 0xff);
      const event = both.gateway.receive(fragment);
      assert.ok(event.kind !== 'message' && event.kind !== 'hello');
      const heard = both.phone.receive(fragment);
      assert.ok(heard.kind !== 'message' && heard.kind !== 'open');
    }
  });
});

describe('an enrolment', () => {
  it('names its invitation, and succeeds with its secret', () => {
    const both = pair(INVITATION);
    assert.deepEqual(hello(both), {
      ...{ kind: 'hello', phoneKey: phoneKeys.publicKey },
      invitation: INVITATION.id,
    });
    deliver(both.phone, 'welcome', both.gateway.accept(WELCOME, INVITATION.secret));
    assert.deepEqual(toGateway(both), { kind: 'message', plaintext: ONE });
  });

  it('fails on both sides without the same secret', () => {
    const both = pair(INVITATION);
    hello(both);
    const welcome = both.gateway.accept(WELCOME, new Uint8Array(32));
    assert.equal(deliver(both.phone, 'welcome', welcome).kind, 'fault');
    isBad(deliver(both.gateway, 'sealed', new Uint8Array(17)));
    const none = pair(INVITATION);
    hello(none);
    assert.equal(none.gateway.accept(WELCOME), undefined, 'there is none without a secret');
  });

  it('reads no link but one that it could have written', () => {
    for (const text of [
      '',
      'perigee:enrol/1/',
      'perigee:enrol/2/AAAA',
      `perigee:enrol/1/${'A'.repeat(95)}`,
    ]) {
      assert.equal(decodeInvitation(text), undefined);
    }
    assert.equal(decodeInvitation(`perigee:enrol/1/${'A'.repeat(96)}`)?.id.length, 8);
  });
});
