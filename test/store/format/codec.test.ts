import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { perigee } from '@perigee/proto';
import { UNITS, comparePositions } from '../../../src/domain/index.js';
import type { Position } from '../../../src/domain/index.js';
import {
  decodeIdentity,
  decodePosition,
  decodeTotals,
  encodePosition,
  encodeTotals,
} from '../../../src/store/format/codec.js';
import { observationKeyOf, positionOfKey, rangeOf, runByBirthKeyOf } from '../../../src/store/format/keys.js';
import { decodeRun, encodeRun } from '../../../src/store/records/run-codec.js';
import type { JournaledRun } from '../../../src/store/records/run-codec.js';
import { decodeRow, decodeSeries, encodeSeries } from '../../../src/store/series/observation-codec.js';
import { run, series } from '../support-store.js';

const EDGES = [0, 1, 127, 128, 255, 256, 65_535, 65_536, 2 ** 32 - 1];
const LONG_EDGES = [...EDGES, 2 ** 32, 2 ** 40 + 3, Number.MAX_SAFE_INTEGER];

const POSITIONS: readonly Position[] = EDGES.flatMap((epoch) =>
  LONG_EDGES.map((sequence) => ({ epoch, sequence })),
);

describe('keys', () => {
  it('of observations are in the order of their positions, and give them back', () => {
    const bytewise = [...POSITIONS]
      .reverse()
      .sort((a, b) => Buffer.compare(observationKeyOf(a), observationKeyOf(b)));
    assert.deepEqual(bytewise, [...POSITIONS].sort(comparePositions));
    for (const position of POSITIONS) assert.deepEqual(positionOfKey(observationKeyOf(position)), position);
  });

  it('of runs are in the order of their places, and give them back', () => {
    const bytewise = [...POSITIONS]
      .reverse()
      .sort((a, b) => Buffer.compare(runByBirthKeyOf(a), runByBirthKeyOf(b)));
    assert.deepEqual(bytewise, [...POSITIONS].sort(comparePositions));
    for (const position of POSITIONS) assert.deepEqual(positionOfKey(runByBirthKeyOf(position)), position);
  });

  it('of a family lie in its range, to the last bit', () => {
    const { gte, lt } = rangeOf('observation');
    const last = observationKeyOf({ epoch: 2 ** 32 - 1, sequence: Number.MAX_SAFE_INTEGER });
    assert.ok(Buffer.compare(gte, observationKeyOf({ epoch: 0, sequence: 0 })) < 0);
    assert.ok(Buffer.compare(last, lt) < 0);
  });

  it('are read from the middle of a larger buffer too', () => {
    const key = observationKeyOf({ epoch: 3, sequence: 9 });
    assert.deepEqual(positionOfKey(Buffer.concat([Buffer.alloc(5, 0xff), key]).subarray(5)), {
      epoch: 3,
      sequence: 9,
    });
  });
});

const boot = { spawnedMs: 1, bootedMs: 1.5, firstMetricMs: 2, readyMs: 3, endedMs: 4 };
const journaled: JournaledRun = {
  run: run('1', 1, { boot }),
  born: { epoch: 1, sequence: 2 },
  changed: { epoch: 3, sequence: 4 },
};

describe('values', () => {
  it('come back as they went', () => {
    const position = { epoch: 7, sequence: 2 ** 45 };
    assert.deepEqual(decodePosition(encodePosition(position)), position);
    const totals = { samples: 2 ** 50, observations: 3 };
    assert.deepEqual(decodeTotals(encodeTotals(totals)), totals);
  });

  it('have the units of the schema', () => {
    for (const unit of UNITS) {
      const written = encodeSeries(3, series('a', { image: 'x' }, unit));
      const name = perigee.v1.Unit[perigee.v1.Series.decode(written).unit];
      assert.equal(name, `UNIT_${unit.toUpperCase().replaceAll('-', '_')}`);
      assert.deepEqual(decodeSeries(written), series('a', { image: 'x' }, unit));
    }
  });

  it('are not taken for something else when they are cut short', () => {
    const observation = perigee.v1.Observation.encode({ seriesIds: [1], values: [1] }).finish();
    const record = encodeRun(journaled);
    for (let end = 0; end < record.length; end += 1)
      assert.equal(decodeRun(record.subarray(0, end)), undefined);
    for (let end = 0; end < observation.length; end += 1) {
      const read = decodeRow(observation.subarray(0, end));
      assert.ok(read === undefined || read.values.length === 0, `cut at ${end}`);
    }
    assert.equal(decodePosition(new Uint8Array(11)), undefined);
    assert.equal(decodeTotals(new Uint8Array(17)), undefined);
  });

  it('of an unknown unit are not read', () => {
    assert.equal(decodeSeries(Uint8Array.of(0x12, 1, 0x61, 0x18, 99)), undefined);
  });

  it('of runs are checked field by field', () => {
    const good = JSON.parse(Buffer.from(encodeRun(journaled)).toString()) as { run: object };
    const read = (changes: object): unknown =>
      decodeRun(Buffer.from(JSON.stringify({ ...good, run: { ...good.run, ...changes } })));
    assert.deepEqual(read({}), journaled);
    assert.deepEqual(read({ addedLater: 1 }), journaled);
    const wrongs = [
      { id: '../../etc/passwd' },
      { state: { kind: 'ended' } },
      { state: { kind: 'asleep' } },
      { commandLine: 'qemu' },
      { requestedAtMs: null },
      { faults: {} },
    ];
    for (const wrong of wrongs) assert.equal(read(wrong), undefined, JSON.stringify(wrong));
    for (const epoch of [-1, 0.5, 2 ** 32]) {
      const misplaced = { ...good, born: { epoch, sequence: 1 } };
      assert.equal(decodeRun(Buffer.from(JSON.stringify(misplaced))), undefined);
    }
  });

  it('say whose store it is only when they are complete', () => {
    const text = '{"program":"perigee","format":3,"gatewayId":"0123456789abcdef","epoch":4}';
    assert.equal(decodeIdentity(Buffer.from(text))?.kind, 'ours');
    for (let end = 0; end < text.length; end += 1) {
      assert.equal(decodeIdentity(Buffer.from(text.slice(0, end))), undefined);
    }
    assert.equal(decodeIdentity(Buffer.from(text.replace('cdef', 'CDEF'))), undefined);
  });
});
