import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeInvitation, encodeInvitation } from '@perigee/gatt';
import { describeFaults, type NearbyStatus, type RunCause, type RunRecord } from '../../src/domain/index.js';
import { runRecord } from '../sync/support-store.js';

interface Words {
  readonly describeBeacons: (nearby: NearbyStatus) => string;
  readonly describeCause: (cause?: RunCause) => string;
  readonly describeState: (run: RunRecord, nowMs: number) => string;
  readonly isInvitation: (text: string) => boolean;
}

/** A browser loads it as it was written, and so does this. */
const path = '../../../src/web/page/words.js';
const { describeBeacons, describeCause, describeState, isInvitation } = (await import(path)) as Words;

describe('the page', () => {
  it('says who asked for a run', () => {
    assert.equal(describeCause(), 'demand');
    assert.equal(describeCause({ kind: 'kept', restart: 3 }), 'kept, restart 3');
    assert.equal(describeCause({ kind: 'schedule', name: 'dawn' }), 'schedule dawn');
  });

  it('says of a run what of its guest was not understood, in the words of the command line', () => {
    const faults = { badFrames: 1, droppedValues: 12, first: 'metric 7 was never declared' };
    const run = runRecord(1, { faults, state: { kind: 'ended', reason: { kind: 'exit-code', code: 3 } } });
    assert.equal(describeState(run, 0), `exit code: 3; ${describeFaults(faults)}`);
  });

  it('says of a run that waits why, and for how long', () => {
    const why = { text: 'one run is before it', expectedMs: 5000 };
    const run = runRecord(1, { requestedAtMs: 1000, state: { kind: 'queued', why } });
    assert.equal(describeState(run, 3000), 'queued for 2 s: one run is before it; at most 3 s more');
  });

  it('says what each beacon measures or why it says nothing, and why none is heard', () => {
    const address = '54:48:e6:8f:80:a5';
    const values = [{ quantity: 'temperature', value: 21.5, unit: 'celsius' }] as const;
    const trouble = { reason: 'not heard yet', cure: '' };
    const beacons = [
      { name: 'porch', address, values, silentSeconds: 12 },
      { name: 'attic', address, values: [], trouble },
    ];
    const listener = { kind: 'listening' } as const;
    assert.equal(
      describeBeacons({ listener, beacons }),
      'porch temperature 21.5 °C, 12 s ago; attic not heard yet',
    );
    const gone = { kind: 'unavailable', reason: 'no adapter', cure: '' } as const;
    assert.equal(describeBeacons({ listener: gone, beacons }), 'none is heard: no adapter');
  });

  it('draws an invitation, and no other text that a link brings', () => {
    const [gatewayKey, id, secret] = [32, 8, 32].map((size) => new Uint8Array(size).fill(0xfb));
    assert.ok(gatewayKey && id && secret);
    const link = encodeInvitation({ gatewayKey, id, secret });
    for (const text of [link, `${link}A`, link.slice(0, -1), link.replace('/1/', '/2/'), '', 'https://a.b/'])
      assert.equal(isInvitation(text), decodeInvitation(text) !== undefined, text);
    assert.ok(isInvitation(link));
  });
});
