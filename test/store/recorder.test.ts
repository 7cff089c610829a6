import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  PerigeeError,
  type Observation,
  type ObservationWriter,
  type Position,
} from '../../src/domain/index.js';
import { createMemoryStore, createRecorder } from '../../src/store/index.js';
import { quiet } from '../runner/support-runner.js';

const observation = (n: number): Observation => ({
  monotonicUs: n,
  wallMs: n,
  samples: [{ series: { name: 'n', labels: {}, unit: 'none' }, value: n }],
});

describe('the recorder', () => {
  it('stores what it was given, in order, before it is gone', async () => {
    const store = createMemoryStore();
    const recorder = createRecorder(store, quiet);
    for (let n = 1; n <= 100; n += 1) recorder.record(observation(n));
    await recorder[Symbol.asyncDispose]();
    const values: number[] = [];
    for await (const { samples } of store.read({ epoch: 0, sequence: 0 }, 1000))
      values.push(samples[0]?.value ?? NaN);
    assert.deepEqual(
      values,
      Array.from({ length: 100 }, (_, i) => i + 1),
    );
    assert.equal(recorder.lost, 0);
  });

  it('counts what the store refused, and stores the rest', async () => {
    const taken: number[] = [];
    const picky: ObservationWriter = {
      append(item): Promise<Position> {
        if (item.monotonicUs === 2)
          return Promise.reject(new PerigeeError('data-dir-unusable', 'no', 'Make room.'));
        taken.push(item.monotonicUs);
        return Promise.resolve({ epoch: 1, sequence: taken.length });
      },
    };
    const recorder = createRecorder(picky, quiet);
    [1, 2, 3].forEach((n) => recorder.record(observation(n)));
    await recorder[Symbol.asyncDispose]();
    assert.deepEqual(taken, [1, 3]);
    assert.equal(recorder.lost, 1);
  });

  it('holds a bounded number while the disk stalls, and counts the rest as lost', async () => {
    let release: () => void = () => undefined;
    const stalled = new Promise<void>((go) => (release = go));
    let stored = 0;
    const recorder = createRecorder(
      {
        async append() {
          await stalled;
          return { epoch: 1, sequence: ++stored };
        },
      },
      quiet,
    );
    for (let n = 0; n < 3000; n += 1) recorder.record(observation(n));
    release();
    await recorder[Symbol.asyncDispose]();
    assert.equal(stored + recorder.lost, 3000);
    assert.ok(stored <= 1025, `${stored} were held`);
  });
});
