import assert from 'node:assert/strict';
import { cpSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Level } from 'level';
import { BEFORE_EVERYTHING } from '../../../src/domain/index.js';
import type { Clock, Observation, Position, Store, StoredObservation } from '../../../src/domain/index.js';
import { BLOCK_US } from '../../../src/store/appender.js';
import * as keys from '../../../src/store/format/keys.js';
import { openLevelStore } from '../../../src/store/index.js';
import type { LevelStoreOptions } from '../../../src/store/index.js';
import { SILENT } from '../../support/loggers.js';
import { tempFolder } from '../../support/temp.js';
import { CLOCK, collect, run, values } from '../support-store.js';

const folder = tempFolder('blocks');
const newDirectory = (): string => mkdtempSync(join(folder, 'data-'));
const BLOCKS = 3;
const PER_BLOCK = 20;

/** A clock that a test sets. */
function handClock(): { readonly clock: Clock; readonly advance: (us: number) => void } {
  let us = 0;
  const clock = { monotonicUs: () => us, wallMs: () => 1_700_000_000_000 + Math.floor(us / 1000) };
  return { clock, advance: (by) => void (us += by) };
}

function open(directory: string, options: Partial<LevelStoreOptions> = {}): Promise<Store> {
  return openLevelStore({ directory, clock: CLOCK, logger: SILENT, ...options });
}

/** Two sources in turn, one of them with a run. */
function observationAt(at: number): Observation {
  if (at % 2 === 0) return values(at, { a: at, b: at / 100, c: Math.sqrt(at) });
  return { ...values(at, { d: -at }), runId: run('7', 0).id };
}

const sequences = (read: readonly StoredObservation[]): readonly number[] =>
  read.map(({ position }) => position.sequence);

/** Some blocks, and as much again in no block yet. */
async function fill(store: Store, advance: (us: number) => void): Promise<void> {
  let at = 0;
  for (let block = 0; block <= BLOCKS; block += 1) {
    for (let count = 0; count < PER_BLOCK; count += 1) await store.append(observationAt((at += 1)));
    if (block < BLOCKS) advance(BLOCK_US);
    // The first after the time is up closes the block.
    if (block < BLOCKS) await store.append(observationAt((at += 1)));
  }
}

const ALL = BLOCKS * (PER_BLOCK + 1) + PER_BLOCK;

async function assertReads(store: Store, epoch: number): Promise<void> {
  const read = await collect(store.read(BEFORE_EVERYTHING, 1000));
  assert.deepEqual(
    read,
    Array.from({ length: ALL }, (_, at) => ({
      ...observationAt(at + 1),
      position: { epoch, sequence: at + 1 },
    })),
  );
  for (let after = 0; after <= ALL; after += 1)
    assert.deepEqual(
      sequences(await collect(store.read({ epoch, sequence: after }, 5))),
      [1, 2, 3, 4, 5].map((next) => after + next).filter((sequence) => sequence <= ALL),
    );
}

async function blocksOf(directory: string): Promise<readonly Position[]> {
  const db = new Level<Uint8Array, Uint8Array>(join(directory, 'store'), { keyEncoding: 'view' });
  const found = await db.keys(keys.rangeOf('block')).all();
  await db.close();
  return found.map((key) => keys.positionOfKey(key));
}

describe('the LevelDB store', () => {
  it('makes a block when its time is up, and reads on from any place, in a block or not', async () => {
    const directory = newDirectory();
    const { clock, advance } = handClock();
    {
      await using store = await open(directory, { clock });
      await fill(store, advance);
      await assertReads(store, 1);
    }
    const firsts = [1, 22, 43, 64].map((sequence) => ({ epoch: 1, sequence }));
    assert.deepEqual(await blocksOf(directory), firsts);
    await using store = await open(directory);
    await assertReads(store, 1);
    assert.equal(store.counts().observations, ALL);
  });

  it('reads what was there when a block is made meanwhile, each observation once', async () => {
    const { clock, advance } = handClock();
    await using store = await open(newDirectory(), { clock });
    for (let at = 1; at <= PER_BLOCK; at += 1) await store.append(observationAt(at));
    const read: StoredObservation[] = [];
    for await (const observation of store.read(BEFORE_EVERYTHING, 1000)) {
      if (read.push(observation) % 5 !== 0 || read.length > 40) continue;
      advance(BLOCK_US);
      await store.append(observationAt(PER_BLOCK + read.length / 5));
    }
    assert.deepEqual(
      sequences(read),
      Array.from({ length: PER_BLOCK + 4 }, (_, index) => index + 1),
    );
  });

  it('leaves out a damaged block, reads the others, and keeps what was lost', async () => {
    const cases = {
      'its header': { key: keys.blockKeyOf({ epoch: 1, sequence: 22 }), last: 22, count: undefined },
      'a part': { key: keys.partKeyOf({ epoch: 1, sequence: 22 }, 1), last: 42, count: 21 },
    };
    for (const [what, { key, last, count }] of Object.entries(cases)) {
      const directory = newDirectory();
      const { clock, advance } = handClock();
      {
        await using store = await open(directory, { clock });
        await fill(store, advance);
      }
      const db = new Level<Uint8Array, Uint8Array>(join(directory, 'store'), {
        keyEncoding: 'view',
        valueEncoding: 'view',
      });
      const bytes = await db.get(key);
      await db.put(key, bytes.with(bytes.length - 1, (bytes.at(-1) ?? 0) ^ 1));
      await db.close();
      const said: object[] = [];
      await using store = await open(directory, {
        logger: { ...SILENT, error: (fields) => void said.push(fields) },
      });
      const read = sequences(await collect(store.read(BEFORE_EVERYTHING, 1000)));
      const left = Array.from({ length: ALL }, (_, at) => at + 1).filter(
        (sequence) => sequence < 22 || sequence > 42,
      );
      assert.deepEqual(read, left, what);
      assert.deepEqual(await collect(store.read({ epoch: 1, sequence: 30 }, 1)).then(sequences), [43]);
      assert.equal(said.length, 1);
      const [loss = assert.fail('a loss')] = store.losses(BEFORE_EVERYTHING);
      assert.deepEqual([loss.reason, loss.count, loss.sequences], ['damaged', count, { first: 22, last }]);
      await store[Symbol.asyncDispose]();
      await using again = await open(directory);
      await collect(again.read(BEFORE_EVERYTHING, 1000));
      assert.deepEqual(again.losses(BEFORE_EVERYTHING), [loss], 'kept, and not told twice');
    }
  });
});

describe('the LevelDB store, at a power cut,', () => {
  /** The folder as a power cut would leave it if the kernel had written everything out: nothing of memory is in it. */
  function powerCut(directory: string): string {
    const after = newDirectory();
    cpSync(join(directory, 'store'), join(after, 'store'), { recursive: true });
    return after;
  }

  /** Cuts the power again and again, until what is left is what was waited for. */
  async function untilLeft(directory: string, isIt: (store: Store) => Promise<boolean>): Promise<Store> {
    for (let tries = 0; tries < 200; tries += 1) {
      const store = await open(powerCut(directory));
      if (await isIt(store)) return store;
      await store[Symbol.asyncDispose]();
      await delay(25);
    }
    return assert.fail('it never came onto the card');
  }

  it('keeps what is older than its window: samples, runs and the newest values', async () => {
    const directory = newDirectory();
    await using store = await open(directory, { powerCutSeconds: 0.05 });
    for (let at = 1; at <= PER_BLOCK; at += 1) await store.append(observationAt(at));
    await store.put(run('9', 1));
    await using left = await untilLeft(directory, async (cut) => {
      const { observations } = cut.counts();
      return observations === PER_BLOCK && (await cut.list(1)).length === 1;
    });
    assert.deepEqual(
      sequences(await collect(left.read(BEFORE_EVERYTHING, 1000))),
      Array.from({ length: PER_BLOCK }, (_, at) => at + 1),
    );
    assert.deepEqual(left.latest(), store.latest());
    assert.deepEqual(left.counts(), store.counts());
    assert.deepEqual((await left.list(1))[0], run('9', 1));
  });

  for (const [what, boot, reasons] of [
    ['another boot', 'before', ['power-cut']],
    ['the same boot', undefined, []],
  ] as const) {
    it(`has a record of it where ${what} left the store open, and none where it was closed`, async () => {
      const directory = newDirectory();
      const { clock } = handClock();
      const last = observationAt(2);
      const store = await open(directory, { clock, powerCutSeconds: 0.02 });
      for (const at of [1, 2]) await store.append(observationAt(at));
      await delay(200);
      const cut = powerCut(directory);
      await store[Symbol.asyncDispose]();
      for (const [left, expected] of [
        [cut, reasons],
        [directory, []],
      ] as const) {
        if (boot !== undefined) await pretendBoot(left, boot);
        await using again = await open(left, { clock });
        const losses = again.losses(BEFORE_EVERYTHING);
        assert.deepEqual(
          losses.map(({ reason }) => reason),
          expected,
        );
        for (const { times } of losses)
          assert.deepEqual(times, { fromMs: last.wallMs, toMs: last.wallMs + 10_000 });
      }
    });
  }

  /** As if the machine had been started since. */
  async function pretendBoot(directory: string, boot: string): Promise<void> {
    const options = { keyEncoding: 'view', valueEncoding: 'utf8' } as const;
    const db = new Level<Uint8Array, string>(join(directory, 'store'), options);
    const key = keys.epochKeyOf(1);
    await db.put(key, JSON.stringify({ ...(JSON.parse(await db.get(key)) as object), boot }));
    await db.close();
  }

  it('loses what is in no block where it was told to be frugal, and is sound', async () => {
    const directory = newDirectory();
    const { clock, advance } = handClock();
    await using store = await open(directory, { clock, durability: 'frugal', powerCutSeconds: 0.01 });
    await fill(store, advance);
    await delay(100);
    await using left = await open(powerCut(directory));
    assert.equal((await collect(left.read(BEFORE_EVERYTHING, 1000))).length, ALL - PER_BLOCK);
    assert.equal((await left.append(observationAt(1))).epoch, 2);
  });
});
