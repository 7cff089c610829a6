import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FIRST_TRY, retry } from '../../src/radio/retry.js';

/** The ticks at which an attempt is made, of as many as `states` has letters: w works, f fails, c fails and the board has changed. */
function attempts(states: string): readonly number[] {
  let state = FIRST_TRY;
  return Array.from(states).flatMap((letter, tick) => {
    const [next, attempt] = retry(state, { works: letter === 'w', changed: letter === 'c' });
    state = next;
    return attempt ? [tick] : [];
  });
}

describe('when a radio is started again', () => {
  it('is at once, and then less and less often, but never more than half a minute later', () => {
    assert.deepEqual(attempts('f'.repeat(80)), [0, 2, 5, 10, 19, 35, 51, 67]);
  });

  it('is at once when an adapter or a radio switch has changed', () => {
    assert.deepEqual(attempts(`${'f'.repeat(22)}cf`), [0, 2, 5, 10, 19, 22]);
  });

  it('is at once after a failure, but waits longer after failures that come soon one after the other', () => {
    assert.deepEqual(attempts(`${'fw'.repeat(4)}ffff`), [0, 2, 6, 11]);
    assert.deepEqual(attempts(`${'f'.repeat(20)}${'w'.repeat(30)}fff`), [0, 2, 5, 10, 19, 50, 52]);
  });
});
