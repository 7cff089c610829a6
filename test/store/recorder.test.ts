import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BEFORE_EVERYTHING, PerigeeError } from '../../src/domain/index.js';
import type { Observation, ObservationWriter, Position, Store } from '../../src/domain/index.js';
import { createRecorder } from '../../src/store/index.js';
import { createMemoryStore } from '../fakes/memory-store.js';
import { SILENT } from '../support/loggers.js';

/** A store that takes observations as it is told to, and keeps what it is told was lost. */
const taking = (append: ObservationWriter['append']): Store => Object.assign(createMemoryStore(), { append });

const observation = (n: number): Observation => ({
  monotonicUs: n,
  wallMs: n,
  samples: [{ series: { name: 'n', labels: {}, unit: 'none' }, value: n }],
});

describe('the recorder', () => {
  it('stores what it was given, in order, before it is gone', async () => {
    const store = createMemoryStore();
    const recorder = createRecorder(store, SILENT);
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
    const picky = taking((item): Promise<Position> => {
      if (item.monotonicUs === 2)
        return Promise.reject(new PerigeeError('data-dir-unusable', 'no', 'Make room.'));
      taken.push(item.monotonicUs);
      return Promise.resolve({ epoch: 1, sequence: taken.length });
    });
    const recorder = createRecorder(picky, SILENT);
    [1, 2, 3].forEach((n) => recorder.record(observation(n)));
    await recorder[Symbol.asyncDispose]();
    assert.deepEqual(taken, [1, 3]);
    assert.equal(recorder.lost, 1);
  });

  it('holds a bounded number while the disk stalls, and counts the rest as lost', async () => {
    let release: () => void = () => undefined;
    const stalled = new Promise<void>((go) => (release = go));
    let stored = 0;
    const stalling = taking(async () => {
      await stalled;
      return { epoch: 1, sequence: ++stored };
    });
    const recorder = createRecorder(stalling, SILENT);
    for (let n = 0; n < 3000; n += 1) recorder.record(observation(n));
    release();
    await recorder[Symbol.asyncDispose]();
    assert.equal(stored + recorder.lost, 3000);
    assert.ok(stored <= 1025, `${stored} were held`);
  });

  const failures: Readonly<Record<string, Error>> = {
    'disk-full': new Error('IO error: 000009.log: No space left on device'),
    'read-only': Object.assign(new Error('EROFS: read-only file system, write'), { code: 'EROFS' }),
    'io-error': new Error('EIO: i/o error, fdatasync'),
    refused: new PerigeeError('store-refused', 'too many', 'None.'),
  };
  for (const [reason, cause] of Object.entries(failures)) {
    it(`tells the store what was lost, and that it was ${reason}`, async () => {
      const error = cause instanceof PerigeeError ? cause : new Error('not stored', { cause });
      const store = taking(() => Promise.reject(error));
      const recorder = createRecorder(store, SILENT);
      [5000, 6000, 9000].forEach((n) => recorder.record(observation(n)));
      await recorder[Symbol.asyncDispose]();
      const told = store.losses(BEFORE_EVERYTHING);
      assert.deepEqual(
        told.map(({ reason: why, count, times }) => ({ why, count, times })),
        [{ why: reason, count: 3, times: { fromMs: 5000, toMs: 9000 } }],
      );
    });
  }

  it('says what was lost at once, and then no more than once a second, until all is said', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const said: object[] = [];
    const logger = { ...SILENT, error: (fields: object) => void said.push(fields) };
    const refusing = taking(() => Promise.reject(new Error('the disk is full')));
    const recorder = createRecorder(refusing, logger);
    const lose = async (count: number): Promise<void> => {
      const before = recorder.lost;
      for (let n = 1; n <= count; n += 1) recorder.record(observation(n));
      while (recorder.lost < before + count) await Promise.resolve();
    };
    await lose(500);
    assert.deepEqual(said, [{ observations: 1, lost: 1 }]);
    context.mock.timers.tick(1000);
    assert.deepEqual(said.at(-1), { observations: 499, lost: 500 });
    context.mock.timers.tick(5000);
    assert.equal(said.length, 2);
    await lose(2);
    assert.deepEqual(said.at(-1), { observations: 1, lost: 501 });
    await recorder[Symbol.asyncDispose]();
    assert.deepEqual(said.slice(2), [
      { observations: 1, lost: 501 },
      { observations: 1, lost: 502 },
    ]);
  });
});
