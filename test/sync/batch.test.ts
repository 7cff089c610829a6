import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { perigee } from '@perigee/proto';
import { BEFORE_EVERYTHING, UNITS } from '../../src/domain/index.js';
import type { EndReason, Position, StoredObservation } from '../../src/domain/index.js';
import { BATCH_SAMPLES_MAX, encodeBatch, fits } from '../../src/sync/batch.js';
import type { Batch } from '../../src/sync/batch.js';
import { wireRun } from '../../src/sync/wire-run.js';
import { GATEWAY, runRecord, sample, stored } from './support-store.js';

function decoded(
  observations: readonly StoredObservation[],
  after: Position = BEFORE_EVERYTHING,
): perigee.v1.Batch {
  const batch: Batch = { gatewayId: GATEWAY, after, observations, runs: [] };
  return perigee.v1.Batch.decode(encodeBatch(batch));
}

describe('a batch', () => {
  const at = (epoch: number, sequence: number): StoredObservation => stored({ epoch, sequence });

  it('goes on with the next sequence of its epoch', () => {
    assert.equal(fits(at(1, 4), 1, at(1, 5)), true);
  });

  it('ends where the epoch changes, where a sequence is missing, and at its number of samples', () => {
    assert.equal(fits(at(1, 4), 1, at(2, 5)), false);
    assert.equal(fits(at(1, 4), 1, at(1, 6)), false);
    assert.equal(fits(at(1, 4), BATCH_SAMPLES_MAX - 1, at(1, 5)), true);
    assert.equal(fits(at(1, 4), BATCH_SAMPLES_MAX, at(1, 5)), false);
  });

  it('takes one observation that is larger than a batch should be', () => {
    const large = stored(
      { epoch: 1, sequence: 1 },
      Array<ReturnType<typeof sample>>(BATCH_SAMPLES_MAX + 1).fill(sample('a', 1)),
    );
    assert.equal(fits(undefined, 0, large), true);
  });

  it('carries every field of every observation', () => {
    const first = { ...at(3, 1), runId: runRecord(1).id };
    const batch = decoded([first, at(3, 2)]);
    assert.equal(batch.gatewayId, GATEWAY);
    assert.equal(batch.epoch, 3);
    const wallMs = first.wallMs;
    const common = { seriesIds: [1], monotonicUs: 1000 };
    const expected = [
      { ...common, sequence: 1, wallMs, runId: '0000000000000001', values: [3_000_001] },
      { ...common, sequence: 2, wallMs: wallMs + 1, monotonicUs: 2000, values: [3_000_002] },
    ];
    assert.deepEqual(
      batch.observations,
      expected.map((one) => perigee.v1.Observation.create(one)),
    );
  });

  it('describes a series once, and tells apart those that differ in a label alone', () => {
    const other = { ...sample('a', 3), series: { ...sample('a', 3).series, labels: { image: 'hello' } } };
    const observations = [
      stored({ epoch: 1, sequence: 1 }, [sample('a', 1), sample('b', 2), other]),
      stored({ epoch: 1, sequence: 2 }, [sample('b', 4), sample('a', 5)]),
    ];
    const batch = decoded(observations);
    assert.deepEqual(
      batch.series.map((one) => [one.id, one.name, one.labels?.['image']]),
      [
        [1, 'a', 'hostsense'],
        [2, 'b', 'hostsense'],
        [3, 'a', 'hello'],
      ],
    );
    assert.deepEqual(
      batch.observations.map((one) => one.seriesIds),
      [
        [1, 2, 3],
        [2, 1],
      ],
    );
  });

  it('spells each unit as the schema does', () => {
    const samples = UNITS.map((unit) => ({ series: { name: unit, labels: {}, unit }, value: 0 }));
    const { series } = decoded([stored({ epoch: 1, sequence: 1 }, samples)]);
    const spelt = series.map((one) => perigee.v1.Unit[one.unit ?? 0]);
    assert.deepEqual(
      spelt,
      UNITS.map((unit) => `UNIT_${unit.toUpperCase().replaceAll('-', '_')}`),
    );
  });

  it('says what its gateway takes for held', () => {
    const { afterEpoch, afterSequence } = decoded([at(2, 1)], { epoch: 1, sequence: 7 });
    assert.deepEqual([afterEpoch, afterSequence], [1, 7]);
  });

  it('says how many sequences before it no longer exist', () => {
    assert.equal(decoded([at(1, 1)]).lostBefore, 0);
    assert.equal(decoded([at(1, 8)], { epoch: 1, sequence: 7 }).lostBefore, 0);
    assert.equal(decoded([at(1, 8)], { epoch: 1, sequence: 5 }).lostBefore, 2);
    assert.equal(decoded([at(2, 4)], { epoch: 1, sequence: 900 }).lostBefore, 3);
  });
});

describe('a run in a batch', () => {
  it('tells its end by the kind of reason first', () => {
    const end = (reason: EndReason): unknown =>
      wireRun(runRecord(1, { state: { kind: 'ended', reason } })).endReason;
    assert.equal(end({ kind: 'completed' }), 'completed');
    assert.equal(end({ kind: 'exit-code', code: 3 }), 'exit-code: 3');
    assert.equal(end({ kind: 'crashed', detail: 'double fault' }), 'crashed: double fault');
    assert.equal(wireRun(runRecord(1)).endReason, '');
  });

  it('tells every phase of its boot', () => {
    const boot = { spawnedMs: 1, monitorReadyMs: 2, resumedMs: 3, firstConsoleByteMs: 4, firstMetricMs: 5 };
    const whole = { ...boot, readyMs: 6, endedMs: 7, bootedMs: 8 };
    const bytes = perigee.v1.Run.encode(wireRun(runRecord(1, { boot: whole }))).finish();
    assert.deepEqual({ ...perigee.v1.Run.decode(bytes).boot }, whole);
  });

  it('tells who asked for it, and what of its guest was not understood', () => {
    const sent = (changes: Parameters<typeof runRecord>[1]): perigee.v1.Run =>
      perigee.v1.Run.decode(perigee.v1.Run.encode(wireRun(runRecord(1, changes))).finish());
    const faults = { badFrames: 2, droppedValues: 30, first: 'a value\nof no metric' };
    const { cause, faults: told } = sent({ cause: { kind: 'schedule', name: 'dawn', restart: 4 }, faults });
    assert.deepEqual({ ...cause }, { kind: 'schedule', name: 'dawn', restart: 4 });
    assert.deepEqual({ ...told }, { ...faults, first: 'a value\u{fffd}of no metric' });
    const plain = sent({});
    assert.equal(plain.cause?.kind, 'demand');
    assert.ok(!plain.faults);
  });

  it('carries no text that a backend would refuse, whatever the guest printed last', () => {
    const detail = `\0\u001b[31m${'x'.repeat(5000)}`;
    const { endReason } = wireRun(
      runRecord(1, { state: { kind: 'ended', reason: { kind: 'crashed', detail } } }),
    );
    assert.ok(endReason && endReason.length <= 1024);
    assert.doesNotMatch(endReason, /\p{Cc}/u);
  });
});
