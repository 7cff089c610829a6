import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { perigee } from '@perigee/proto';
import { SENSORS } from '../../src/domain/index.js';
import { HOST_FRAME_MAX_BYTES, encodeFeed, encodeSense, encodeStop } from '../../src/metrics/index.js';

/** The body of a frame, its length checked. */
function bodyOf(frame: Uint8Array): perigee.v1.HostFrame.$Properties {
  const [low = 0, high = 0] = frame;
  const [headBytes, length] = low < 0x80 ? [1, low] : [2, (low & 0x7f) | (high << 7)];
  assert.equal(frame.length, headBytes + length);
  return perigee.v1.HostFrame.decode(frame.subarray(headBytes));
}

function sensorsNamed(count: number): { id: number; name: string; unit: 'bytes' }[] {
  return Array.from({ length: count }, (_, index) => ({
    id: index + 1,
    name: 'memory_available',
    unit: 'bytes',
  }));
}

describe('frames to a guest', () => {
  it('say what was granted', () => {
    const { body, feed } = bodyOf(
      encodeFeed({ sensors: [{ id: 1, name: 'cpu_busy', unit: 'percent' }], windowMs: 1000 }),
    );
    assert.equal(body, 'feed');
    assert.equal(feed?.windowMs, 1000);
    assert.deepEqual(
      feed.sensors?.map(({ sensor, name, unit }) => ({ sensor, name, unit })),
      [{ sensor: 1, name: 'cpu_busy', unit: perigee.v1.Unit.UNIT_PERCENT }],
    );
  });

  it('carry readings with their time to the microsecond', () => {
    const monotonicUs = 2 ** 45 + 1;
    const readings = [
      { sensor: 1, value: 0.1 },
      { sensor: 2, value: -40.5 },
    ];
    const { sense } = bodyOf(encodeSense({ monotonicUs, readings }));
    assert.equal(sense?.monotonicUs, monotonicUs);
    assert.deepEqual(
      sense.readings?.map(({ sensor, value }) => ({ sensor, value })),
      readings,
    );
  });

  it('ask to end', () => {
    assert.equal(bodyOf(encodeStop()).body, 'stop');
  });

  it('fit with every sensor that there is', () => {
    const sensors = SENSORS.map((name, index) => ({ id: index + 1, name, unit: 'bytes' as const }));
    assert.ok(encodeFeed({ sensors, windowMs: 60_000 }).length <= HOST_FRAME_MAX_BYTES);
  });

  it('are never longer than a guest can take', () => {
    assert.throws(() => encodeFeed({ sensors: sensorsNamed(100), windowMs: 1000 }), /fits its buffer/);
  });

  it('carry whole microseconds only, since the guest sends them back', () => {
    assert.throws(() => encodeSense({ monotonicUs: 1.5, readings: [] }), /whole microseconds/);
  });
});
