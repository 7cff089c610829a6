import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeUtf8 } from '../../src/metrics/utf8.js';
import { random } from '../support/random.js';

/** The platform's own decoder, as strict as it can be made. */
function expected(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // It has no other way to say that the bytes are no text.
    return undefined;
  }
}

const check = (...bytes: readonly number[]): void => {
  const text = Uint8Array.from(bytes);
  assert.equal(decodeUtf8(text), expected(text), text.join());
};

describe('decoding UTF-8', () => {
  it("says what the platform's decoder says, of every two bytes", () => {
    for (let first = 0; first < 256; first += 1)
      for (let second = 0; second < 256; second += 1) check(first, second);
  });

  it('says it at the edges of every form, and of what is cut off there', () => {
    const edges = [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff];
    for (let lead = 0xe0; lead < 256; lead += 1)
      for (const second of edges)
        for (const third of edges) {
          check(lead, second, third);
          for (const fourth of edges) check(lead, second, third, fourth);
        }
  });

  it('says it of text of any script, whole and changed', () => {
    const text = new TextEncoder().encode('Küche, 厨房, кухня, مطبخ, 😀, \ufeff, plain');
    check(...text);
    for (let seed = 1; seed <= 3000; seed += 1) {
      const chance = random(seed);
      const changed = Uint8Array.from(text);
      changed[Math.floor(chance() * changed.length)] = chance() * 256;
      check(...changed.subarray(Math.floor(chance() * changed.length)));
    }
  });
});
