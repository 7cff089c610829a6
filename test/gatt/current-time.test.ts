import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeCurrentTime, encodeCurrentTime } from '@perigee/gatt';
import { hex, unhex } from './support-vectors.js';

/** Friday. */
const TIME = { year: 2026, month: 11, day: 27, hours: 23, minutes: 59, seconds: 5, weekday: 5 };

describe('the current time', () => {
  it('is what the specification says', () => {
    assert.equal(hex(encodeCurrentTime(TIME)), 'ea070b1b173b05050000');
    assert.deepEqual(decodeCurrentTime(unhex('ea070b1b173b05050000')), TIME);
    assert.deepEqual(
      decodeCurrentTime(unhex('ea070b1b173b0505ff01')),
      TIME,
      'with parts of a second, and a reason',
    );
  });

  it('is not known before the clock was set', () => {
    assert.equal(hex(encodeCurrentTime(undefined)), '00'.repeat(10));
    assert.equal(decodeCurrentTime(encodeCurrentTime(undefined)), undefined);
  });

  it('is read of nothing that is no time', () => {
    for (const wrong of [
      '',
      'ea070b1b173b050500',
      'ea070b1b173b0505000000',
      'ea070d1b173b05050000',
      'ea07001b173b05050000',
      'ea070b20173b05050000',
      'ea070b1b183b05050000',
      'ea070b1b173c05050000',
      'ea070b1b173b3c050000',
      'ea070b1b173b05080000',
    ])
      assert.equal(decodeCurrentTime(unhex(wrong)), undefined, wrong);
  });
});
