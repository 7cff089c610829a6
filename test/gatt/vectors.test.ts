import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  STATUS,
  UNIT_FORMATS,
  decodeCurrentTime,
  decodeInvitation,
  decodePresentationFormat,
  decodeStatus,
  encodeAdvertisement,
  encodeCurrentTime,
  encodeInvitation,
  encodeMetric,
  encodePresentationFormat,
  encodeScanResponse,
  encodeStatus,
  fragments,
  GatewaySession,
  Handshake,
  PhoneSession,
} from '@perigee/gatt';
import type { BthomeEntry, FrameKind, MetricUnit, Status, WallTime } from '@perigee/gatt';
import { perigee } from '@perigee/proto';
import { curveWith, hex, keysOf, unhex, vectors } from './support-vectors.js';

interface Message {
  readonly from: 'phone' | 'gateway';
  readonly payload: string;
}

interface Keys {
  readonly phoneSecret: string;
  readonly phoneEphemeral: string;
  readonly gatewaySecret: string;
  readonly gatewayEphemeral: string;
}

interface NoiseVector extends Keys {
  readonly protocol: string;
  readonly publishedBy: string;
  readonly prologue: string;
  readonly psk?: string;
  readonly messages: readonly (Message & { readonly bytes: string })[];
}

interface SessionVector extends Keys {
  readonly name: string;
  readonly fragmentBytes: number;
  readonly invitation?: { readonly id: string; readonly secret: string };
  readonly steps: readonly (Message & {
    readonly kind: FrameKind;
    readonly times?: number;
    readonly frames: readonly string[];
  })[];
}

interface Codecs {
  readonly invitations: readonly { gatewayKey: string; id: string; secret: string; text: string }[];
  readonly advertisements: readonly {
    name: string;
    /** Null where nothing is said. */
    entries: readonly BthomeEntry[] | null;
    seal?: { key: string; address: string; counter: number };
    advertisement: string;
    scanResponse: string;
  }[];
  readonly metrics: readonly { unit: MetricUnit; value: number | null; format: string; bytes: string }[];
  readonly times: readonly { time: WallTime | null; bytes: string }[];
  readonly messages: readonly { name: 'GatewayInfo' | 'PublicCatalogue'; fields: object; bytes: string }[];
  readonly statuses: readonly { name: Status; frame: string }[];
}

const noise = vectors('noise.json') as { readonly vectors: readonly NoiseVector[] };
const session = vectors('session.json') as { readonly sessions: readonly SessionVector[] };
const codecs = vectors('codecs.json') as Codecs;

const NOTHING = new Uint8Array();

describe('the handshakes', () => {
  for (const vector of noise.vectors) {
    it(`are those that ${vector.publishedBy} publishes for ${vector.protocol}`, () => {
      const pattern = vector.protocol.includes('psk2') ? 'IKpsk2' : 'IK';
      const prologue = unhex(vector.prologue);
      const gatewayKeys = keysOf(vector.gatewaySecret);
      const phone = new Handshake({
        ...{ pattern, prologue, curve: curveWith(vector.phoneEphemeral), keys: keysOf(vector.phoneSecret) },
        gatewayKey: gatewayKeys.publicKey,
      });
      const curve = curveWith(vector.gatewayEphemeral);
      const gateway = new Handshake({ pattern, prologue, curve, keys: gatewayKeys });
      const [first, second, ...rest] = vector.messages;
      if (vector.psk !== undefined) phone.useSecret(unhex(vector.psk));
      assert.equal(hex(phone.write(unhex(first?.payload ?? ''))), first?.bytes);
      assert.equal(hex(gateway.read(unhex(first?.bytes ?? ''))), first?.payload);
      assert.equal(hex(gateway.remoteKey), hex(keysOf(vector.phoneSecret).publicKey));
      if (vector.psk !== undefined) gateway.useSecret(unhex(vector.psk));
      assert.equal(hex(gateway.write(unhex(second?.payload ?? ''))), second?.bytes);
      assert.equal(hex(phone.read(unhex(second?.bytes ?? ''))), second?.payload);
      const [mine, theirs] = [phone.finish(), gateway.finish()];
      for (const { bytes, from, payload } of rest) {
        const [sender, receiver] = from === 'phone' ? [mine, theirs] : [theirs, mine];
        assert.equal(hex(sender.send.encrypt(NOTHING, unhex(payload))), bytes);
        assert.equal(hex(receiver.receive.decrypt(NOTHING, unhex(bytes))), payload);
      }
    });
  }
});

describe('a session', () => {
  for (const vector of session.sessions) {
    it(`of ${vector.name} is what the vectors say, on both sides`, () => {
      const gatewayKeys = keysOf(vector.gatewaySecret);
      const { invitation } = vector;
      const phone = new PhoneSession({
        ...{ curve: curveWith(vector.phoneEphemeral), keys: keysOf(vector.phoneSecret) },
        gatewayKey: gatewayKeys.publicKey,
        ...(invitation && { invitation: { id: unhex(invitation.id), secret: unhex(invitation.secret) } }),
      });
      const gateway = new GatewaySession({ curve: curveWith(vector.gatewayEphemeral), keys: gatewayKeys });
      for (const { frames, from, kind, payload, times = 1 } of vector.steps) {
        for (let time = 1; time <= times; time++) {
          const message = messageOf(kind, from === 'phone' ? phone : gateway, payload, invitation?.secret);
          const sent = fragments(kind, message ?? NOTHING, vector.fragmentBytes);
          if (time === times) assert.deepEqual(sent.map(hex), frames);
          const heard = sent.map((frame) => (from === 'phone' ? gateway : phone).receive(frame)).at(-1);
          assert.equal(hex(heardOf(heard)), kind === 'hello' ? undefined : payload);
        }
      }
    });
  }

  function messageOf(
    kind: FrameKind,
    side: PhoneSession | GatewaySession,
    payload: string,
    secret: string | undefined,
  ): Uint8Array | undefined {
    if (kind === 'sealed') return side.seal(unhex(payload));
    if (side instanceof PhoneSession) return side.hello()?.bytes;
    return side.accept(unhex(payload), secret === undefined ? undefined : unhex(secret));
  }

  function heardOf(event: object | undefined): Uint8Array | undefined {
    const { invitation, payload, plaintext } = (event ?? {}) as Record<string, Uint8Array | undefined>;
    return plaintext ?? payload ?? invitation;
  }
});

describe('the codecs', () => {
  it('write and read invitations as the vectors say', () => {
    for (const { gatewayKey, id, secret, text } of codecs.invitations) {
      const link = { gatewayKey: unhex(gatewayKey), id: unhex(id), secret: unhex(secret) };
      assert.equal(encodeInvitation(link), text);
      assert.deepEqual(decodeInvitation(text), link);
    }
  });

  it('write what is advertised', () => {
    for (const { advertisement, entries, name, scanResponse, seal } of codecs.advertisements) {
      const bytes = encodeAdvertisement(entries ?? undefined, seal && { ...seal, key: unhex(seal.key) });
      assert.equal(hex(bytes), advertisement);
      assert.equal(hex(encodeScanResponse(name)), scanResponse);
    }
  });

  it('write and read the time', () => {
    for (const { bytes, time } of codecs.times) {
      assert.equal(hex(encodeCurrentTime(time ?? undefined)), bytes);
      assert.deepEqual(decodeCurrentTime(unhex(bytes)), time ?? undefined);
    }
  });

  it('write the messages that characteristics hold', () => {
    for (const { bytes, fields, name } of codecs.messages)
      assert.equal(hex(perigee.v1[name].encode(fields).finish()), bytes);
  });

  it('write metrics and their formats', () => {
    for (const { bytes, format, unit, value } of codecs.metrics) {
      assert.equal(hex(encodeMetric(unit, value ?? undefined)), bytes);
      assert.equal(hex(encodePresentationFormat(UNIT_FORMATS[unit])), format);
      assert.deepEqual(decodePresentationFormat(unhex(format)), UNIT_FORMATS[unit]);
    }
  });

  it('write and read every status, and no other', () => {
    assert.deepEqual(
      codecs.statuses.map(({ name }) => name),
      Object.keys(STATUS),
    );
    for (const { frame, name } of codecs.statuses) {
      assert.equal(hex(fragments('status', encodeStatus(name), 20)[0]), frame);
      assert.equal(decodeStatus(unhex(frame).slice(1)), name);
    }
    assert.equal(decodeStatus(Uint8Array.of(0x7f)), undefined);
    assert.equal(decodeStatus(Uint8Array.of(0x80, 0)), undefined);
  });
});
