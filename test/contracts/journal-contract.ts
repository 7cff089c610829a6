import assert from 'node:assert/strict';
import { BEFORE_EVERYTHING } from '../../src/domain/index.js';
import type { EndReason, RunRecord, Store } from '../../src/domain/index.js';
import { run } from '../store/support-store.js';

/** Registers a test that gets an empty store. */
export type WithStore = (claim: string, test: (store: Store) => Promise<void>) => void;

/** What every Store does as a journal of runs. */
export function journalContract(withStore: WithStore): void {
  withStore('does not know a run that nobody put', async (store) => {
    assert.equal(await store.get(run('1', 0).id), undefined);
    assert.deepEqual(await store.list(10), []);
  });

  const ends: readonly EndReason[] = [
    { kind: 'completed' },
    { kind: 'exit-code', code: 3 },
    { kind: 'crashed', detail: 'guest-panic' },
    { kind: 'timed-out' },
    { kind: 'killed-by-user' },
    { kind: 'out-of-memory' },
    { kind: 'never-ready' },
    { kind: 'host-refused', detail: 'no memory' },
  ];
  withStore('gives back every field of a run, however it ended', async (store) => {
    for (const reason of ends) {
      const record = run('1', 5, { state: { kind: 'ended', reason } });
      await store.put(record);
      assert.deepEqual(await store.get(record.id), record);
    }
    const { footprint, monitorVersion, processId, ...young } = run('2', 6, {
      state: { kind: 'queued' },
      boot: {},
    });
    assert.ok(footprint && monitorVersion && processId);
    await store.put(young);
    assert.deepEqual(await store.get(young.id), young);
    assert.equal((await store.list(10)).length, 2);
  });

  const ended = { state: { kind: 'ended', reason: { kind: 'completed' } } } as const;
  const ids = (runs: readonly RunRecord[]): string => runs.map(({ id }) => id.slice(-1)).join('');

  withStore(
    'lists the newest run first, whatever the clock said, as many as were asked for',
    async (store) => {
      for (const [id, requestedAtMs] of [
        ['b', 2],
        ['a', 300],
        ['c', -1],
        ['d', 300],
      ] as const) {
        await store.put(run(id, requestedAtMs));
      }
      assert.equal(ids(await store.list(10)), 'dcab');
      assert.equal(ids(await store.list(2)), 'dc');
      assert.equal(ids(await store.list(0)), '');
    },
  );

  withStore('lists a run once, in the place of its first put, as it is now', async (store) => {
    await store.put(run('a', 1));
    await store.put(run('b', 2));
    await store.put(run('a', 1, ended));
    assert.deepEqual(await store.list(10), [run('b', 2), run('a', 1, ended)]);
  });

  withStore('knows every run that goes on, however many came after it', async (store) => {
    await store.put(run('1', 1));
    for (let number = 2; number <= 300; number += 1) {
      await store.put(run(number.toString(16), number));
      await store.put(run(number.toString(16), number, ended));
    }
    await store.put(run('fff', 1));
    assert.deepEqual(
      (await store.going()).map(({ id }) => id),
      [run('1', 1).id, run('fff', 1).id],
    );
    await store.put(run('1', 1, ended));
    assert.equal((await store.going()).length, 1);
  });

  withStore(
    'tells what changed behind a place, each run once, in the order of the changes',
    async (store) => {
      await store.put(run('a', 900));
      await store.put(run('b', 1));
      await store.put(run('c', 500));
      await store.put(run('a', 900, ended));
      const changes = await store.changedRuns(BEFORE_EVERYTHING, 10);
      assert.deepEqual(
        changes.map((change) => change.run),
        [run('b', 1), run('c', 500), run('a', 900, ended)],
      );
      const [first, second] = await store.changedRuns(BEFORE_EVERYTHING, 2);
      assert.deepEqual([first, second], changes.slice(0, 2));
      assert.deepEqual(await store.changedRuns(second?.position ?? BEFORE_EVERYTHING, 10), changes.slice(2));
      assert.deepEqual(await store.changedRuns(changes.at(-1)?.position ?? BEFORE_EVERYTHING, 10), []);
      await store.put(run('b', 1, ended));
      const news = await store.changedRuns(changes.at(-1)?.position ?? BEFORE_EVERYTHING, 10);
      assert.deepEqual(
        news.map((change) => change.run),
        [run('b', 1, ended)],
      );
    },
  );
}
