import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RadioState } from '../../src/domain/index.js';
import { step } from '../../src/radio/state.js';
import type { RadioEvent } from '../../src/radio/state.js';

const through = (...events: readonly RadioEvent[]): RadioState =>
  events.reduce<RadioState>(step, { kind: 'off' });
const kinds = (
  ...names: readonly ('start' | 'advertising' | 'connected' | 'disconnected' | 'stop')[]
): RadioState => through(...names.map((kind) => ({ kind })));
const lost = { kind: 'lost', reason: 'unplugged', cure: 'plug in' } as const;

describe('the state of a radio', () => {
  it('goes from off over starting to advertising, and counts the phones', () => {
    assert.deepEqual(kinds('start'), { kind: 'starting' });
    assert.deepEqual(kinds('start', 'advertising'), { kind: 'advertising', centrals: 0 });
    assert.deepEqual(kinds('start', 'advertising', 'connected', 'connected', 'disconnected'), {
      kind: 'advertising',
      centrals: 1,
    });
    assert.deepEqual(kinds('start', 'advertising', 'disconnected'), { kind: 'advertising', centrals: 0 });
  });

  it('is unavailable from wherever the adapter is lost, and can be started again', () => {
    const unavailable = { kind: 'unavailable', reason: 'unplugged', cure: 'plug in' };
    assert.deepEqual(through({ kind: 'start' }, lost), unavailable);
    assert.deepEqual(
      through({ kind: 'start' }, { kind: 'advertising' }, { kind: 'connected' }, lost),
      unavailable,
    );
    assert.deepEqual(through({ kind: 'start' }, lost, { kind: 'connected' }), unavailable);
    assert.deepEqual(through({ kind: 'start' }, lost, { kind: 'start' }), { kind: 'starting' });
  });

  it('stays off when it was stopped, whatever comes late', () => {
    assert.deepEqual(kinds('start', 'stop', 'advertising'), { kind: 'off' });
    assert.deepEqual(kinds('start', 'advertising', 'stop', 'connected'), { kind: 'off' });
    assert.deepEqual(through({ kind: 'start' }, { kind: 'stop' }, lost), { kind: 'off' });
  });

  it('is started once at a time', () => {
    assert.throws(() => kinds('start', 'start'), /once at a time/);
    assert.throws(() => kinds('start', 'advertising', 'start'), /once at a time/);
  });
});
