import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it } from 'node:test';
import type { NoblePeripheral } from '../../src/nearby/noble-types.js';
import { sightingOf } from '../../src/nearby/sighting.js';

/** As noble tells of a device that it has heard. */
const heardWith = (rssi: number): NoblePeripheral =>
  Object.assign(new EventEmitter(), {
    address: '02:50:45:52:00:01',
    rssi,
    advertisement: {},
  }) as NoblePeripheral;

describe('what is known of a device that is heard', () => {
  it('has the strength of its signal, and none where the controller does not know it', () => {
    const strengths = [-127, -40, 0, 20, 127].map((rssi) => sightingOf(heardWith(rssi)).rssiDbm);
    assert.deepEqual(strengths, [-127, -40, 0, 20, null]);
  });
});
