import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { GUEST_FRAME_MAX_BYTES } from '../../src/metrics/index.js';
import { HELLO, SESSION, concat, decode, framed, kinds, lastBlame, newDecoder } from './support-frames.js';
import { random } from '../support/random.js';

/** An unknown field of wire type 2 as a frame's body: a valid frame of any size that says nothing. */
function silentFrame(bodyBytes: number): Uint8Array {
  const body = new Uint8Array(bodyBytes);
  const payload = bodyBytes - 3;
  body.set([0x7a, (payload & 0x7f) | 0x80, payload >> 7]);
  return framed(body);
}

describe('guest decoder, on a stream cut anywhere', () => {
  it('says the same for every split at one byte', () => {
    const whole = decode(SESSION);
    for (let at = 0; at <= SESSION.length; at += 1) {
      assert.deepEqual(decode(SESSION.subarray(0, at), SESSION.subarray(at)), whole, `split at ${at}`);
    }
  });

  it('says the same byte by byte', () => {
    assert.deepEqual(decode(...Array.from(SESSION, (byte) => Uint8Array.of(byte))), decode(SESSION));
  });

  it('says of every truncation what it says of the whole frames in it', () => {
    const whole = decode(SESSION);
    for (let end = 0; end < SESSION.length; end += 1) {
      const events = decode(SESSION.subarray(0, end));
      assert.deepEqual(events, whole.slice(0, events.length), `cut at ${end}`);
      assert.ok(events.length < whole.length);
    }
  });

  it('keeps frames apart that it holds in part while the caller reuses its chunk', () => {
    const decoder = newDecoder();
    const chunk = new Uint8Array(1);
    const events = Array.from(SESSION).flatMap((byte) => {
      chunk[0] = byte;
      return [...decoder.push(chunk)];
    });
    assert.deepEqual(events, decode(SESSION));
  });
});

describe('a length that cannot be', () => {
  it('is one byte over the limit, and ends decoding', () => {
    const events = decode(HELLO, silentFrame(GUEST_FRAME_MAX_BYTES + 1), SESSION);
    assert.deepEqual(kinds(events), ['hello', 'bad-frame']);
    assert.match(lastBlame(events), /longer than 4096 bytes/);
  });

  it('is not the limit itself, whole or cut', () => {
    const frame = silentFrame(GUEST_FRAME_MAX_BYTES);
    const middle = 2000;
    assert.deepEqual(kinds(decode(HELLO, frame)), ['hello']);
    const after = decode(
      HELLO,
      frame.subarray(0, middle),
      concat(frame.subarray(middle), framed(Uint8Array.of(0x22, 0))),
    );
    assert.deepEqual(kinds(after), ['hello', 'done']);
  });

  it('is a varint that does not end, also when its bytes come one by one', () => {
    const endless = new Uint8Array(12).fill(0xff);
    assert.deepEqual(kinds(decode(HELLO, endless, SESSION)), ['hello', 'bad-frame']);
    assert.deepEqual(kinds(decode(HELLO, ...Array.from(endless, (byte) => Uint8Array.of(byte)))), [
      'hello',
      'bad-frame',
    ]);
  });
});

describe('guest decoder, on noise', () => {
  it('never throws on random bytes, and says one thing about them at most', () => {
    for (let seed = 1; seed <= 2000; seed += 1) {
      const chance = random(seed);
      const noise = Uint8Array.from({ length: 64 }, () => chance() * 256);
      assert.ok(decode(noise, noise).length <= 1, `seed ${seed}`);
    }
  });

  it('never throws on a session with up to four bytes changed, and never says more than there are frames', () => {
    for (let seed = 1; seed <= 5000; seed += 1) {
      const chance = random(seed);
      const bytes = Uint8Array.from(SESSION);
      const changes = 1 + Math.floor(chance() * 4);
      for (let change = 0; change < changes; change += 1) {
        bytes[Math.floor(chance() * bytes.length)] = chance() * 256;
      }
      const cut = Math.floor(chance() * bytes.length);
      const events = decode(bytes.subarray(0, cut), bytes.subarray(cut));
      assert.ok(events.length <= bytes.length / 2, `seed ${seed}`);
      for (const event of events) {
        if (event.kind === 'report')
          assert.ok(event.samples.every((sample) => Number.isFinite(sample.value)));
      }
    }
  });

  it('keeps nothing of the frames it has seen', () => {
    const chunk = concat(...Array.from({ length: 400 }, () => HELLO));
    const decoder = newDecoder();
    decoder.push(chunk);
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    collect();
    const before = process.memoryUsage().heapUsed;
    let bad = 0;
    for (let round = 0; round < 500; round += 1) bad += decoder.push(chunk).length;
    collect();
    assert.equal(bad, 500 * 400);
    // One byte kept of every bad frame would be 200 kB; an event kept of each, over ten megabytes.
    assert.ok(process.memoryUsage().heapUsed - before < 2_000_000);
    assert.deepEqual(kinds(decoder.push(framed(Uint8Array.of(0x22, 0)))), ['done']);
  });
});
