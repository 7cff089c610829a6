import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { perigee } from '@perigee/proto';
import { sensorFeed } from '../../src/gateway/feed.js';
import { openCatalogue } from '../../src/images/index.js';
import { BUILT_IMAGES } from '../../src/platform/index.js';
import type { SensorHub, SensorReading } from '../../src/sensors/index.js';

const hostsense = await openCatalogue(BUILT_IMAGES).get('hostsense');

/** What each write to the guest holds, for readings that are so many milliseconds apart. */
function writes(apartMs: number, count: number, windowMs = 1000): readonly (readonly string[])[] {
  let deliver: ((reading: SensorReading) => void) | undefined;
  const hub: SensorHub = {
    subscribe(_request, each) {
      deliver = each;
      return { [Symbol.dispose]: () => undefined };
    },
    available: () => Promise.resolve([]),
  };
  const sent: Uint8Array[] = [];
  sensorFeed(hub, { ...hostsense, windowMs }, (frames) => sent.push(frames) > 0);
  for (let index = 0; index < count; index += 1)
    deliver?.({
      monotonicUs: 7_000_000 + index * apartMs * 1000,
      values: [{ sensor: 'load_1m', value: index }],
    });
  return sent.map(bodies);
}

function bodies(bytes: Uint8Array): readonly string[] {
  const found: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = bytes[at] ?? 0;
    assert.ok(length < 0x80, 'a short frame');
    const { body, sense } = perigee.v1.HostFrame.decode(bytes.subarray(at + 1, at + 1 + length));
    found.push(body === 'sense' ? String(sense.readings?.[0]?.value) : String(body));
    at += 1 + length;
  }
  return found;
}

describe('what a guest is fed', () => {
  it('comes a few times in a window, and the reading that ends one is not late', () => {
    const [first, ...rest] = writes(100, 21, 1000);
    assert.equal(first?.length, 1);
    assert.deepEqual(rest, [
      ['0'],
      ['1', '2', '3', '4', '5'],
      ['6', '7', '8', '9', '10'],
      ['11', '12', '13', '14', '15'],
      ['16', '17', '18', '19', '20'],
    ]);
  });

  it('comes at once where readings are seldom, or windows short', () => {
    assert.deepEqual(writes(1000, 3).slice(1), [['0'], ['1'], ['2']]);
    assert.deepEqual(writes(100, 3, 100).slice(1), [['0'], ['1'], ['2']]);
  });

  it('is never held back for more than half a second', () => {
    assert.deepEqual(writes(300, 5, 60_000).slice(1), [['0'], ['1', '2'], ['3', '4']]);
  });
});
