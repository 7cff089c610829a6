import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Rate } from '../../src/runner/rate.js';

const SECOND = 1_000_000;
const taken = (rate: Rate, nowUs: number, asked: number): number =>
  Array.from({ length: asked }, () => rate.take(nowUs)).filter(Boolean).length;

describe('a rate', () => {
  it('allows a burst at once, and then its average, however much is asked', () => {
    const rate = new Rate(100, 200);
    assert.equal(taken(rate, 0, 1000), 200);
    assert.equal(taken(rate, SECOND, 1000), 100);
    assert.equal(taken(rate, 1.5 * SECOND, 1000), 50);
  });

  it('saves no more than its burst, however long it was quiet', () => {
    const rate = new Rate(100, 200);
    assert.equal(taken(rate, 3600 * SECOND, 1000), 200);
  });

  it('is not fooled by a clock that goes back', () => {
    const rate = new Rate(100, 200);
    taken(rate, 10 * SECOND, 1000);
    assert.equal(taken(rate, 0, 1000), 0);
  });
});
