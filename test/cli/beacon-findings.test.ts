import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { beaconsOf } from '../../src/cli/beacon-findings.js';
import type { BeaconStatus, ListenerState } from '../../src/domain/index.js';

const PORCH = { name: 'porch', address: '54:48:e6:8f:80:a5', values: [] };
const LISTENING = { kind: 'listening' } as const;

function found(listener: ListenerState, ...beacons: readonly BeaconStatus[]): readonly string[] {
  return beaconsOf({ listener, beacons }).map(
    ({ cure = '', name, text, verdict }) => `${verdict} ${name}: ${text} | ${cure}`,
  );
}

describe('what doctor finds of beacons', () => {
  it('is nothing where none is named', () => {
    assert.deepEqual(beaconsOf(undefined), []);
  });

  it('is what each measures, and how old that is', () => {
    const values = [
      { quantity: 'temperature', value: 21.5, unit: 'celsius' },
      { quantity: 'battery', value: 80, unit: 'percent' },
    ] as const;
    assert.deepEqual(found(LISTENING, { ...PORCH, values, silentSeconds: 12 }), [
      'ok Beacons: listens for 1 | ',
      'ok Beacon porch: temperature 21.5 °C, battery 80 %, 12 s ago | ',
    ]);
  });

  it('is why there is nothing, what helps, and when it last said something', () => {
    const trouble = { reason: 'not heard any more', cure: 'Its battery?' };
    assert.deepEqual(found({ kind: 'starting' }, { ...PORCH, trouble, silentSeconds: 7200 }), [
      'ok Beacons: the listener waits for the radio | ',
      'note Beacon porch: not heard any more; the last news was 2 h ago | Its battery?',
    ]);
  });

  it('is why nobody listens, and then of no single one', () => {
    assert.deepEqual(found({ kind: 'unavailable', reason: 'no adapter', cure: 'Plug one in.' }, PORCH), [
      'note Beacons: none is heard: no adapter | Plug one in.',
    ]);
  });
});
