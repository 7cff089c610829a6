import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BEFORE_EVERYTHING, LOSS_REASONS, describeLoss } from '../../../src/domain/index.js';
import type { Loss, LossReason } from '../../../src/domain/index.js';
import { decodeLoss, encodeLoss } from '../../../src/store/records/loss-codec.js';
import { LOSSES_MAX, LossList } from '../../../src/store/records/loss-list.js';

const damaged = (first: number, last: number, epoch = 1): Loss => ({
  ...{ reason: 'damaged', what: 'observations', epoch },
  ...{ count: last - first + 1, sequences: { first, last } },
});

const all = (list: LossList): readonly Loss[] =>
  list.changedBehind(BEFORE_EVERYTHING).map((record) => {
    const { reason, what, epoch, count, sequences } = record;
    return {
      reason,
      what,
      epoch,
      ...(count === undefined ? {} : { count }),
      ...(sequences ? { sequences } : {}),
    };
  });

function noted(...losses: readonly Loss[]): LossList {
  const list = new LossList(2, []);
  for (const loss of losses) list.note(loss);
  return list;
}

describe('the list of losses', () => {
  it('joins what follows in sequence, and nothing else', () => {
    const list = noted(damaged(1, 5), damaged(6, 9), damaged(11, 12), damaged(13, 13, 2));
    assert.deepEqual(all(list), [damaged(1, 9), damaged(11, 12), damaged(13, 13, 2)]);
  });

  it('counts once what is told twice, also by another start and for another reason', () => {
    const list = noted(damaged(1, 10));
    const again = new LossList(3, list.changedBehind(BEFORE_EVERYTHING));
    assert.deepEqual(again.note(damaged(1, 10)), { put: [], removed: [] });
    assert.deepEqual(again.note({ ...damaged(3, 4), reason: 'retention' }), { put: [], removed: [] });
    assert.deepEqual(all(again), [damaged(1, 10)]);
  });

  it('does not know the count of what is joined with something uncounted', () => {
    const uncounted = (first: number, last: number): Loss => ({
      ...{ reason: 'damaged', what: 'observations', epoch: 1 },
      sequences: { first, last },
    });
    assert.deepEqual(all(noted(damaged(1, 5), uncounted(6, 6))), [uncounted(1, 6)]);
  });

  it('keeps few records, and every count', () => {
    const list = new LossList(2, []);
    const keys = new Set<string>();
    const told = 3 * LOSSES_MAX;
    for (let at = 0; at < told; at += 1) {
      const reason: LossReason = at % 100 === 0 ? 'disk-full' : 'damaged';
      const { put, removed } = list.note({ ...damaged(10 * at, 10 * at + 1), reason });
      for (const { born } of put) keys.add(JSON.stringify(born));
      for (const { born } of removed) keys.delete(JSON.stringify(born));
    }
    const records = list.changedBehind(BEFORE_EVERYTHING);
    assert.equal(records.length, LOSSES_MAX);
    assert.equal(keys.size, LOSSES_MAX);
    const sum = (of: (loss: Loss) => number): number => records.reduce((total, loss) => total + of(loss), 0);
    assert.equal(
      sum(({ count = 0 }) => count),
      2 * told,
    );
    assert.equal(
      sum(({ summed = 1 }) => summed),
      told,
    );
    assert.equal(records.filter(({ reason }) => reason === 'disk-full').length, Math.ceil(told / 100));
  });

  for (const reason of LOSS_REASONS) {
    it(`says ${reason} to a person and keeps it as bytes`, () => {
      const list = noted({ ...damaged(1, 2), reason, times: { fromMs: 0, toMs: 1e20 } });
      const [record = assert.fail('a record')] = list.changedBehind(BEFORE_EVERYTHING);
      assert.match(
        describeLoss(record),
        /^2 observations \(1\/1 to 2, 1970-01-01 00:00:00 to 100000000000000000000 ms\): \w/,
      );
      assert.deepEqual(decodeLoss(encodeLoss(record)), record);
    });
  }

  it('takes nothing for a record that is none', () => {
    for (const text of ['', '{}', '[]', '{"reason":"boredom"}'])
      assert.equal(decodeLoss(new TextEncoder().encode(text)), undefined);
  });
});
