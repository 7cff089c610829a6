import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { perigee } from '@perigee/proto';
import type { ErrorCode } from '../../src/domain/index.js';
import { createUploader } from '../../src/sync/index.js';
import type { SyncOutcome, Uploader, UploaderOptions } from '../../src/sync/index.js';
import { failsWith } from '../support/expect.js';
import { SILENT } from '../support/loggers.js';
import { faultyServer, receiptAnswer } from './support-server.js';
import type { Behaviour } from './support-server.js';
import { CLOCK, GATEWAY, MemoryStore } from './support-store.js';

const CURSOR = { epoch: 1, sequence: 4 };

/** Positions 1 to 10 of epoch 1, of which 4 are acknowledged. */
function halfSent(): MemoryStore {
  const store = new MemoryStore().add(1, 1, 10);
  store.cursors.set('backend', CURSOR);
  return store;
}

function uploader(store: MemoryStore, url: string, changes: Partial<UploaderOptions> = {}): Uploader {
  const fixed = { clock: CLOCK, logger: SILENT, intervalMs: 5, random: () => 0 };
  return createUploader({ store, gatewayId: GATEWAY, url, ...fixed, ...changes });
}

function assertFailed(outcome: SyncOutcome, code: ErrorCode, message: RegExp): void {
  assert.equal(outcome.kind, 'failed');
  failsWith(code, message)(outcome.error);
}

const receipt = (changes: perigee.v1.BatchReceipt.$Properties = {}): Behaviour => {
  const honest = { gatewayId: GATEWAY, epoch: 1, sequence: 10, observationsApplied: 6, samplesApplied: 6 };
  return receiptAnswer(perigee.v1.BatchReceipt.encode({ ...honest, ...changes }).finish());
};
const html: Behaviour = (response) =>
  void response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Accept our terms</h1>');
const redirect: Behaviour = (response) => void response.writeHead(307, { location: '/elsewhere' }).end();

const FAULTS: Readonly<Record<string, readonly [Behaviour, ErrorCode, RegExp]>> = {
  'hangs up': [(response) => void response.destroy(), 'backend-unreachable', /did not answer/],
  'answers with a page, as a captive portal does': [html, 'backend-refused', /captive portal/],
  redirects: [redirect, 'backend-refused', /redirects/],
  'answers with garbage': [receiptAnswer(new Uint8Array([255, 255, 255])), 'backend-refused', /no receipt/],
  'answers with nothing': [receiptAnswer(new Uint8Array()), 'backend-refused', /another gateway/],
  'answers without end': [receiptAnswer(new Uint8Array(1e6)), 'backend-unreachable', /maxContentLength/],
  'answers for another gateway': [
    receipt({ gatewayId: 'f'.repeat(16) }),
    'backend-refused',
    /another gateway/,
  ],
  'answers for another epoch': [receipt({ epoch: 2 }), 'backend-refused', /another epoch/],
  'acknowledges what was never recorded': [receipt({ sequence: 11 }), 'backend-refused', /ever recorded/],
  'acknowledges beyond any number': [receipt({ sequence: 2 ** 60 }), 'backend-refused', /impossible/],
  'acknowledges what was acknowledged before, and no more': [
    receipt({ sequence: 4 }),
    'backend-refused',
    /only up to 4/,
  ],
  'says that the batch is bad': [
    (response) => void response.writeHead(400).end('{"error":"sequences do not increase","cure":""}'),
    'backend-refused',
    /status 400, sequences do not increase/,
  ],
  fails: [(response) => void response.writeHead(500).end('<html>'), 'backend-refused', /status 500$/],
  'sends its receipt with status 201': [
    (response) => void response.writeHead(201, { 'content-type': 'application/x-protobuf' }).end(),
    'backend-refused',
    /status 201/,
  ],
};

describe('the uploader with a backend that', () => {
  for (const [what, [behaviour, code, message]] of Object.entries(FAULTS)) {
    it(`${what} says so, leaves its cursor, and sends the same again`, async () => {
      const store = halfSent();
      await using server = await faultyServer(behaviour);
      await using sync = uploader(store, server.url);
      assertFailed(await sync.syncNow(), code, message);
      assert.equal(server.requests, 1);
      assert.deepEqual(store.cursors.get('backend'), CURSOR);
      assert.equal(sync.status().state.kind, 'waiting');
      assert.equal(sync.status().lastError?.code, code);
      assert.equal(sync.status().batchesAcknowledged, 0);
      server.behaviour = receipt();
      assert.deepEqual(await sync.syncNow(), { kind: 'drained', batches: 1, samples: 6 });
      assert.deepEqual(store.cursors.get('backend'), { epoch: 1, sequence: 10 });
    });
  }

  it('refuses the batch itself blocks the rest, and the status says so until it takes it', async () => {
    for (const status of [400, 413]) {
      const store = halfSent();
      await using server = await faultyServer(
        (response) => void response.writeHead(status).end('{"error":"too many labels"}'),
      );
      await using sync = uploader(store, server.url);
      for (let attempt = 1; attempt <= 2; attempt += 1) {
        await sync.syncNow();
        const { state } = sync.status();
        assert.ok(state.kind === 'waiting' && state.blocked);
        assert.match(
          state.reason,
          new RegExp(`status ${status}, too many labels; .* behind epoch 1, sequence 4`),
        );
      }
      assert.deepEqual(store.cursors.get('backend'), CURSOR);
      server.behaviour = (response) => void response.writeHead(503).end();
      await sync.syncNow();
      const { state } = sync.status();
      assert.ok(state.kind === 'waiting' && !state.blocked);
      server.behaviour = receipt();
      assert.deepEqual(await sync.syncNow(), { kind: 'drained', batches: 1, samples: 6 });
      assert.equal(sync.status().state.kind, 'idle');
    }
  });

  it('is not there says so', async () => {
    const server = await faultyServer(html);
    await server[Symbol.asyncDispose]();
    await using sync = uploader(halfSent(), server.url);
    assertFailed(await sync.syncNow(), 'backend-unreachable', /ECONNREFUSED/);
  });

  it('never answers is given up on', async () => {
    await using server = await faultyServer(() => undefined);
    await using sync = uploader(halfSent(), server.url, { requestTimeoutMs: 20 });
    assertFailed(await sync.syncNow(), 'backend-unreachable', /within 20 ms/);
  });

  it('drips its answer is given up on', async () => {
    await using server = await faultyServer((response) => {
      response.writeHead(200, { 'content-type': 'application/x-protobuf' });
      const drip = setInterval(() => response.write('\0'), 5);
      response.on('close', () => clearInterval(drip));
    });
    await using sync = uploader(halfSent(), server.url, { requestTimeoutMs: 60 });
    assertFailed(await sync.syncNow(), 'backend-unreachable', /within 60 ms/);
  });

  it('asks for patience is given it, and the jitter comes on top', async () => {
    await using server = await faultyServer(
      (response) => void response.writeHead(503, { 'retry-after': '7' }).end(),
    );
    await using sync = uploader(halfSent(), server.url, { random: () => 0.5 });
    const outcome = await sync.syncNow();
    assert.ok(outcome.kind === 'failed');
    assert.equal(outcome.retryInMs, 7500);
  });

  it('acknowledges a part is sent the rest', async () => {
    const store = halfSent();
    await using server = await faultyServer(receipt({ sequence: 7 }));
    await using sync = uploader(store, server.url);
    server.behaviour = (response, body, request) => {
      server.behaviour = receipt();
      return receipt({ sequence: 7 })(response, body, request);
    };
    assert.deepEqual(await sync.syncNow(), { kind: 'drained', batches: 2, samples: 6 });
    assert.deepEqual(store.cursors.get('backend'), { epoch: 1, sequence: 10 });
  });

  it('holds more than this batch, because the cursor went back, is sent batch after batch', async () => {
    const store = new MemoryStore().add(1, 1, 1100);
    await using server = await faultyServer(receipt({ sequence: 1100 }));
    await using sync = uploader(store, server.url);
    assert.deepEqual(await sync.syncNow(), { kind: 'drained', batches: 3, samples: 1100 });
  });
});

describe('the uploader', () => {
  it('waits longer after each failure, and starts over after a success', async () => {
    await using server = await faultyServer((response) => void response.writeHead(500).end());
    const store = halfSent();
    await using sync = uploader(store, server.url, { random: () => 0.5 });
    const wait = async (): Promise<number> => {
      const outcome = await sync.syncNow();
      assert.equal(outcome.kind, 'failed');
      return outcome.retryInMs;
    };
    assert.deepEqual([await wait(), await wait(), await wait()], [500, 1000, 2000]);
    const failing = server.behaviour;
    server.behaviour = receipt();
    assert.equal((await sync.syncNow()).kind, 'drained');
    server.behaviour = failing;
    store.add(1, 11);
    assert.equal(await wait(), 500);
  });

  it('goes on by itself when the backend is back', async () => {
    await using server = await faultyServer((response) => void response.destroy());
    const store = halfSent();
    await using sync = uploader(store, server.url);
    sync.start();
    while (server.requests === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    server.behaviour = receipt();
    while (sync.status().batchesAcknowledged === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual(store.cursors.get('backend'), { epoch: 1, sequence: 10 });
  });

  it('ends in the middle of a request that nobody answers', async () => {
    await using server = await faultyServer(() => undefined);
    const sync = uploader(halfSent(), server.url);
    const outcome = sync.syncNow();
    while (server.requests === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await sync[Symbol.asyncDispose]();
    assert.deepEqual(await outcome, { kind: 'aborted' });
  });

  it('stops one upload at the caller’s signal', async () => {
    await using server = await faultyServer(() => undefined);
    await using sync = uploader(halfSent(), server.url);
    const stop = new AbortController();
    const outcome = sync.syncNow(stop.signal);
    while (server.requests === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    stop.abort();
    assert.deepEqual(await outcome, { kind: 'aborted' });
    server.behaviour = receipt();
    assert.equal((await sync.syncNow()).kind, 'drained');
  });

  it('is disabled when it has no address', async () => {
    const fixed = { clock: CLOCK, logger: SILENT, intervalMs: 5 };
    await using sync = createUploader({ store: halfSent(), gatewayId: GATEWAY, ...fixed });
    sync.start();
    assert.deepEqual(await sync.syncNow(), { kind: 'disabled' });
    assert.equal(sync.status().state.kind, 'disabled');
  });

  for (const url of ['', 'backend', 'ftp://backend/', 'file:///etc']) {
    it(`refuses "${url}" as an address`, () => {
      assert.throws(() => uploader(halfSent(), url), failsWith('config', /http/));
    });
  }
});
