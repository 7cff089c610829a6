import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Air } from '../../src/air/index.js';
import { openPhone } from '../../src/nearby/index.js';
import type { Phone } from '../../src/nearby/index.js';
import { ValueQueue } from '../../src/nearby/value-queue.js';
import { within } from '../../src/nearby/time-limit.js';
import { buildAdvertisement, createRadio } from '../../src/radio/index.js';
import { startGateway } from '../radio/support-gateway.js';
import type { TestGateway } from '../radio/support-gateway.js';
import { SILENT } from '../support/loggers.js';

const never = new Promise<never>(() => undefined);

describe('a phone of software', () => {
  it('finds nothing where nothing is, and says what to do', async () => {
    const phone = await openPhone({ air: new Air() });
    assert.deepEqual(await phone.scan({ durationMs: 50 }), []);
    await assert.rejects(phone.find({ durationMs: 50 }), { code: 'radio-unavailable', cure: /nearer/ });
    await assert.rejects(phone.connect({ address: '00:00:00:00:00:00' }), {
      code: 'usage',
      cure: 'Scan first.',
    });
    await phone[Symbol.asyncDispose]();
    await phone[Symbol.asyncDispose]();
    await assert.rejects(phone.scan(), { code: 'radio-unavailable' });
  });

  it('says so where there is no virtual radio to join', async () => {
    await assert.rejects(openPhone({ airSocket: '/nonexistent/air.sock' }), {
      code: 'radio-unavailable',
      cure: /Start/,
    });
  });

  it('stops scanning when it is told to', async () => {
    const phone = await openPhone({ air: new Air() });
    const abort = new AbortController();
    const scan = phone.scan({ durationMs: 60_000, signal: abort.signal });
    abort.abort(new Error('enough'));
    await assert.rejects(scan, /enough/);
    await assert.rejects(phone.scan({ signal: abort.signal }), /enough/);
    await phone[Symbol.asyncDispose]();
  });
});

describe('a gateway whose name takes more bytes than an advertisement has for it', () => {
  for (const name of ['Büro Küche1', 'Wetter😀😀x'])
    it(`is found by it: ${name}`, async () => {
      const air = new Air();
      await using radio = createRadio({ mode: 'virtual', driver: 'stoprocent', air, name, logger: SILENT });
      await radio.start([], buildAdvertisement(name));
      await using phone = await openPhone({ air });
      assert.ok(name.startsWith((await phone.find({ name })).name));
      await assert.rejects(phone.find({ name: 'Büro', durationMs: 200 }), { code: 'radio-unavailable' });
    });
});

describe('a connection of a phone', () => {
  let gateway: TestGateway;
  let phone: Phone;
  before(async () => {
    gateway = await startGateway('stoprocent');
    phone = await openPhone({ air: gateway.air });
  });
  after(async () => {
    await phone[Symbol.asyncDispose]();
    await gateway[Symbol.asyncDispose]();
  });

  it('is given up on abort, and the next attempt succeeds', async () => {
    const found = await phone.find();
    const abort = new AbortController();
    const attempt = phone.connect(found, { signal: abort.signal });
    abort.abort(new Error('changed my mind'));
    await assert.rejects(attempt, /changed my mind/);
    const connection = await phone.connect(await phone.find());
    assert.equal((await connection.readMetrics()).length, 3);
    await connection.disconnect();
    await connection.disconnect();
    assert.equal(connection.open, false);
    await assert.rejects(connection.readInfo(), { code: 'radio-unavailable', cure: 'Connect again.' });
  });

  it('ends its values on abort, and keeps the connection', async () => {
    const connection = await phone.connect(await phone.find());
    const abort = new AbortController();
    const values = connection.values({ signal: abort.signal });
    const next = values.next();
    await connection.readMetrics();
    abort.abort(new Error('seen enough'));
    await assert.rejects(next, /seen enough/);
    assert.equal((await connection.readMetrics()).length, 3);
    await connection.disconnect();
  });

  it('ends with the phone that had it', async () => {
    const other = await openPhone({ air: gateway.air });
    const connection = await other.connect(await other.find());
    await other[Symbol.asyncDispose]();
    assert.equal(connection.open, false);
    await assert.rejects(connection.readMetrics(), { code: 'radio-unavailable' });
  });
});

describe('a wait with a limit', () => {
  it('ends at its limit, at an abort, and when what it needs breaks', async () => {
    await assert.rejects(within(5, 'an answer', never), { code: 'radio-unavailable', message: /an answer/ });
    await assert.rejects(within(5_000, 'x', never, { signal: AbortSignal.abort(new Error('no')) }), /no/);
    await assert.rejects(within(5_000, 'x', never, { broken: Promise.reject(new Error('gone')) }), /gone/);
    assert.equal(await within(5_000, 'x', Promise.resolve(7)), 7);
  });
});

describe('a queue of values', () => {
  it('keeps the newest for a slow reader, in order, and ends after them', async () => {
    const queue = new ValueQueue<number>(3);
    for (const value of [1, 2, 3, 4, 5]) queue.push(value);
    queue.end();
    queue.push(6);
    const values: number[] = [];
    for await (const value of queue) values.push(value);
    assert.deepEqual(values, [3, 4, 5]);
  });

  it('wakes a reader that waits', async () => {
    const queue = new ValueQueue<number>(3);
    const values = queue[Symbol.asyncIterator]();
    const next = values.next();
    queue.push(1);
    assert.deepEqual(await next, { done: false, value: 1 });
    const last = values.next();
    queue.end();
    assert.equal((await last).done, true);
  });
});
