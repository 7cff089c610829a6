import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { openBackend } from 'perigee-backend';
import type { Backend } from 'perigee-backend';
import { parseGatewayId } from '../../src/domain/index.js';
import type { GatewayId } from '../../src/domain/index.js';
import { createUploader } from '../../src/sync/index.js';
import type { Uploader, UploaderOptions } from '../../src/sync/index.js';
import { SILENT } from '../support/loggers.js';
import { tempFolder } from '../support/temp.js';
import { faultyServer, passOn } from './support-server.js';
import type { Behaviour } from './support-server.js';
import { CLOCK, MemoryStore, runRecord } from './support-store.js';

const directory = tempFolder('sync-backend');
let backend: Backend;
before(async () => {
  backend = await openBackend({ directory, port: 0 });
});
after(() => backend[Symbol.asyncDispose]());

let gateways = 0;
const newGateway = (): GatewayId => parseGatewayId((gateways++).toString(16).padStart(16, '0'));

function uploader(
  store: MemoryStore,
  gatewayId: GatewayId,
  changes: Partial<UploaderOptions> = {},
): Uploader {
  const fixed = { clock: CLOCK, logger: SILENT, intervalMs: 5, random: () => 0 };
  return createUploader({ store, gatewayId, url: backend.url, ...fixed, ...changes });
}

interface Held {
  readonly observations: number;
  readonly samples: number;
  readonly batches: number;
}
async function held(gatewayId: GatewayId, path = ''): Promise<unknown> {
  return (await fetch(`${backend.url}/v1/gateways/${gatewayId}${path}`)).json();
}

/** What the backend has is what the store has: every value once, in its place. */
async function assertSame(store: MemoryStore, gatewayId: GatewayId): Promise<void> {
  const path = '/observations?series=temperature&limit=10000';
  const { samples } = (await held(gatewayId, path)) as {
    samples: { epoch: number; sequence: number; value: number; wallMs: number }[];
  };
  assert.deepEqual(
    samples.map(({ epoch, sequence, value, wallMs }) => [epoch, sequence, value, wallMs]),
    store.observations.map((one) => [
      one.position.epoch,
      one.position.sequence,
      one.samples[0]?.value,
      one.wallMs,
    ]),
  );
  assert.equal(((await held(gatewayId)) as Held).observations, store.observations.length);
}

describe('the uploader with a backend', () => {
  const runsOf = async (gatewayId: GatewayId): Promise<readonly string[]> =>
    ((await held(gatewayId, '/runs?limit=10000')) as { runs: { state: string; endReason: string }[] }).runs
      .map(({ state, endReason }) => `${state} ${endReason}`)
      .toSorted();
  const completed = { state: { kind: 'ended', reason: { kind: 'completed' } } } as const;

  it('sends everything in batches, and moves the cursor to its end', async () => {
    const [store, gatewayId] = [new MemoryStore().add(1, 1, 1200), newGateway()];
    await using sync = uploader(store, gatewayId);
    assert.deepEqual(await sync.syncNow(), { kind: 'drained', batches: 3, samples: 1200 });
    assert.deepEqual(store.cursors.get('backend'), { epoch: 1, sequence: 1200 });
    await assertSame(store, gatewayId);
    const { state, batchesAcknowledged, samplesAcknowledged, acknowledged } = sync.status();
    assert.deepEqual([state.kind, batchesAcknowledged, samplesAcknowledged], ['idle', 3, 1200]);
    assert.deepEqual(acknowledged, { epoch: 1, sequence: 1200 });
  });

  it('of a store that was restored from a backup doubles nothing and loses nothing', async () => {
    const [original, gatewayId] = [new MemoryStore().add(1, 1, 10), newGateway()];
    await uploader(original, gatewayId).syncNow();
    // The backup is from when six were recorded, and three acknowledged.
    const restored = new MemoryStore().add(1, 1, 6).add(70_000, 1, 4);
    await restored.setCursor('backend', { epoch: 1, sequence: 3 });
    await using sync = uploader(restored, gatewayId, { restoredEpoch: 1 });
    assert.equal((await sync.syncNow()).kind, 'drained');
    await assertSame(new MemoryStore().add(1, 1, 10).add(70_000, 1, 4), gatewayId);
  });

  it('sends nothing when there is nothing new', async () => {
    const [store, gatewayId] = [new MemoryStore().add(1, 1, 3), newGateway()];
    await using sync = uploader(store, gatewayId);
    await sync.syncNow();
    assert.deepEqual(await sync.syncNow(), { kind: 'drained', batches: 0, samples: 0 });
    assert.equal(((await held(gatewayId)) as Held).batches, 1);
  });

  it('goes on behind its cursor after a restart, through every epoch', async () => {
    const [store, gatewayId] = [new MemoryStore().add(1, 1, 10), newGateway()];
    {
      await using sync = uploader(store, gatewayId);
      await sync.syncNow();
    }
    store.add(2, 1, 5).add(5, 1, 700);
    await using sync = uploader(store, gatewayId);
    assert.deepEqual(await sync.syncNow(), { kind: 'drained', batches: 3, samples: 705 });
    await assertSame(store, gatewayId);
  });

  it('changes nothing when its cursor was lost and all is sent again', async () => {
    const [store, gatewayId] = [new MemoryStore().add(1, 1, 900).add(2, 1, 20), newGateway()];
    for (let time = 0; time < 2; time++) {
      await using sync = uploader(store, gatewayId);
      assert.equal((await sync.syncNow()).kind, 'drained');
      assert.deepEqual(store.cursors.get('backend'), { epoch: 2, sequence: 20 });
      store.cursors.clear();
    }
    await assertSame(store, gatewayId);
  });

  it('is not held up by sequences that the store no longer has', async () => {
    const [store, gatewayId] = [new MemoryStore().add(1, 51, 60).add(1, 70, 75).add(2, 9, 9), newGateway()];
    await using sync = uploader(store, gatewayId);
    assert.deepEqual(await sync.syncNow(), { kind: 'drained', batches: 3, samples: 17 });
    await assertSame(store, gatewayId);
  });

  it('sends an epoch again of which the backend lost the beginning', async () => {
    const [store, gatewayId] = [new MemoryStore().add(3, 1, 30), newGateway()];
    store.cursors.set('backend', { epoch: 3, sequence: 20 });
    await using sync = uploader(store, gatewayId);
    const outcome = await sync.syncNow();
    assert.equal(outcome.kind, 'failed');
    assert.equal((await sync.syncNow()).kind, 'drained');
    await assertSame(store, gatewayId);
  });

  for (const [when, epoch] of [
    ['while the gateway ran', 2],
    ['while the gateway was off', 3],
  ] as const) {
    it(`sends every epoch and every run again to a backend that lost all ${when}`, async () => {
      const [store, gatewayId] = [new MemoryStore().add(1, 1, 30).add(2, 1, 10), newGateway()];
      store.put(runRecord(1));
      // What the backend acknowledged before it was wiped.
      store.cursors.set('backend', { epoch: 2, sequence: 10 });
      store.cursors.set('backend-runs', { epoch: 1, sequence: 1 });
      store.add(epoch, epoch === 2 ? 11 : 1, 20);
      await using sync = uploader(store, gatewayId);
      assert.equal((await sync.syncNow()).kind, 'failed');
      assert.equal((await sync.syncNow()).kind, 'drained');
      await assertSame(store, gatewayId);
      assert.deepEqual(await runsOf(gatewayId), ['reporting ']);
    });
  }

  it('takes what is stored while it sends', async () => {
    const [store, gatewayId] = [new MemoryStore().add(1, 1, 600), newGateway()];
    await using sync = uploader(store, gatewayId);
    const first = sync.syncNow();
    store.add(1, 601, 610);
    await sync.syncNow();
    await first;
    await assertSame(store, gatewayId);
  });

  it('sends by itself once it is started, and ends while it waits', async () => {
    const [store, gatewayId] = [new MemoryStore().add(1, 1, 3), newGateway()];
    {
      await using sync = uploader(store, gatewayId);
      sync.start();
      while (sync.status().samplesAcknowledged < 3) await new Promise((resolve) => setTimeout(resolve, 5));
      store.add(1, 4, 6);
      while (sync.status().samplesAcknowledged < 6) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await assertSame(store, gatewayId);
  });

  it('sends each run until the backend knows how it ended, also without an observation', async () => {
    const [store, gatewayId] = [new MemoryStore(), newGateway()];
    await using sync = uploader(store, gatewayId);
    for (let number = 1; number <= 70; number++) store.put(runRecord(number));
    await sync.syncNow();
    assert.deepEqual(await runsOf(gatewayId), Array<string>(70).fill('reporting '));
    for (let number = 1; number <= 70; number++) store.put(runRecord(number, completed));
    await sync.syncNow();
    assert.deepEqual(await runsOf(gatewayId), Array<string>(70).fill('ended completed'));
    assert.deepEqual(await sync.syncNow(), { kind: 'drained', batches: 0, samples: 0 });
  });

  it('sends every run of a long outage, also one that was made while the clock was behind, and none again after a restart', async () => {
    const [store, gatewayId] = [new MemoryStore(), newGateway()];
    for (let number = 1; number <= 300; number++) store.put(runRecord(number, completed));
    store.put(runRecord(301, { ...completed, requestedAtMs: 7 }));
    {
      await using sync = uploader(store, gatewayId);
      await sync.syncNow();
      assert.equal((await runsOf(gatewayId)).length, 301);
    }
    await using sync = uploader(store, gatewayId);
    assert.deepEqual(await sync.syncNow(), { kind: 'drained', batches: 0, samples: 0 });
  });

  it('loses and doubles nothing on a line that fails in every way', async () => {
    const [store, gatewayId] = [new MemoryStore().add(1, 1, 2600).add(2, 1, 300), newGateway()];
    const url = backend.url;
    const cut: Behaviour = (response) => void response.destroy();
    const fates: Behaviour[] = [
      cut,
      passOn(url, (response) => void response.destroy()),
      passOn(url),
      passOn(url, (response) => void response.writeHead(502).end('<html>')),
      passOn(
        url,
        (response) => void response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end('\xff'),
      ),
      passOn(url, (response) => {
        response
          .writeHead(200, { 'content-type': 'application/x-protobuf', 'content-length': 40 })
          .write('cut');
        response.destroy();
      }),
      (response) => void response.writeHead(503, { 'retry-after': '1' }).end(),
    ];
    let turn = 0;
    await using line = await faultyServer((...request) => (fates[turn++ % fates.length] ?? cut)(...request));
    await using sync = uploader(store, gatewayId, { url: line.url });
    while ((await sync.syncNow()).kind !== 'drained') assert.ok(turn < 100, 'the backlog does not shrink');
    assert.deepEqual(store.cursors.get('backend'), { epoch: 2, sequence: 300 });
    assert.equal(sync.status().samplesAcknowledged, 2900);
    assert.equal(sync.status().lastError, undefined);
    await assertSame(store, gatewayId);
  });
});
