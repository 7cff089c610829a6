import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TokenBucket } from '../../src/domain/index.js';

const SECOND = 1_000_000;
const taken = (bucket: TokenBucket, nowUs: number, asked: number): number =>
  Array.from({ length: asked }, () => bucket.take(1, nowUs)).filter(Boolean).length;

describe('a token bucket', () => {
  it('allows a burst at once, and then its average, however much is asked', () => {
    const rate = new TokenBucket(100, 200);
    assert.equal(taken(rate, 0, 1000), 200);
    assert.equal(taken(rate, SECOND, 1000), 100);
    assert.equal(taken(rate, 1.5 * SECOND, 1000), 50);
  });

  it('saves no more than its burst, however long it was quiet', () => {
    const rate = new TokenBucket(100, 200);
    assert.equal(taken(rate, 3600 * SECOND, 1000), 200);
  });

  it('is not fooled by a clock that goes back', () => {
    const rate = new TokenBucket(100, 200);
    taken(rate, 10 * SECOND, 1000);
    assert.equal(taken(rate, 0, 1000), 0);
  });
});
