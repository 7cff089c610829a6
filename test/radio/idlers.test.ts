import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { metricUuid, uuidBytes } from '@perigee/gatt';
import { BLENO_DRIVERS, maxCentralsOf } from '../../src/radio/index.js';
import type { BlenoDriver } from '../../src/radio/index.js';
import { startGateway, TALK_NOTIFIED, TALK_WRITTEN } from './support-gateway.js';
import type { TestGateway } from './support-gateway.js';
import { RawPhone } from './support-raw-phone.js';

const VIGIL_MS = 10;
/** Enough for the radio to have looked at its phones. */
const LOOKS_MS = 10 * VIGIL_MS;
const MINUTE_MS = 60_000;

const le = (handle: number): string => Buffer.of(handle & 0xff, handle >> 8).toString('hex');

async function handleOf(phone: RawPhone, uuid: string): Promise<number> {
  const found = await phone.att(`080100ffff${Buffer.from(uuidBytes(uuid)).toString('hex')}`);
  return Buffer.from(found, 'hex').readUInt16LE(2);
}

/** Fails when it never goes. */
async function leaves(phone: RawPhone): Promise<void> {
  if (isThere(phone)) await phone.disconnected();
}

const isThere = (phone: RawPhone): boolean => phone.handle !== undefined;

interface Crowd extends AsyncDisposable {
  readonly gateway: TestGateway;
  readonly phones: readonly RawPhone[];
  readonly later: (ms: number) => Promise<void>;
}

/** A gateway whose clock is turned by hand, and as many phones as it takes. */
async function crowd(driver: BlenoDriver, count: number): Promise<Crowd> {
  process.env['BLENO_ADVERTISING_INTERVAL'] = '20';
  let nowMs = 0;
  const gateway = await startGateway(driver, { nowMs: () => nowMs, vigilMs: VIGIL_MS });
  const phones: RawPhone[] = [];
  for (let i = 0; i < count; i++) {
    const phone = new RawPhone(gateway.air);
    await phone.connect();
    phones.push(phone);
  }
  const later = async (ms: number): Promise<void> => {
    nowMs += ms;
    await sleep(LOOKS_MS);
  };
  return { gateway, phones, later, [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose]() };
}

for (const driver of BLENO_DRIVERS) {
  const places = maxCentralsOf(driver);

  describe(`a phone that does nothing on the places of @${driver}/bleno`, () => {
    it('is let go after a minute, and another one comes in', async () => {
      await using all = await crowd(driver, places);
      const { later, phones } = all;
      await later(MINUTE_MS - 1);
      assert.ok(phones.every(isThere), 'within the minute');
      await later(1);
      await Promise.all(phones.map(leaves));
      const next = new RawPhone(all.gateway.air);
      await next.connect();
      assert.ok(isThere(next));
    });

    it('is let go however often it subscribes to a conversation for a moment', async () => {
      await using all = await crowd(driver, places);
      const { later, phones } = all;
      const [first = assert.fail('there is a phone')] = phones;
      const cccd = le((await handleOf(first, TALK_NOTIFIED)) + 1);
      for (let i = 0; i < 2; i++) {
        await later(MINUTE_MS / 2 - 1);
        await first.att(`12${cccd}0100`);
        await first.att(`12${cccd}0000`);
      }
      await later(2);
      await leaves(first);
    });

    it('stays while it watches a value or has a conversation, and for a minute after it reads or writes', async () => {
      await using all = await crowd(driver, places);
      const { later, phones } = all;
      const [first = assert.fail('there is a phone')] = phones;
      const metric = await handleOf(first, metricUuid(0));
      for (const other of phones.slice(1)) await other.att(`12${le(metric + 1)}0100`);
      const [rx, tx] = [await handleOf(first, TALK_WRITTEN), await handleOf(first, TALK_NOTIFIED)];
      for (const [begin, end] of [
        [`12${le(metric + 1)}0100`, `12${le(metric + 1)}0000`],
        [`12${le(tx + 1)}0100`, `12${le(rx)}ff`],
      ] as const) {
        await first.att(begin);
        await later(10 * MINUTE_MS);
        assert.ok(isThere(first), begin);
        await first.att(end);
        await later(MINUTE_MS - 1);
        assert.ok(isThere(first), end);
      }
      await first.att(`12${le(tx + 1)}0000`);
      await first.att(`0a${le(metric)}`);
      await later(MINUTE_MS - 1);
      assert.ok(isThere(first), 'it has read');
      await later(1);
      await leaves(first);
    });
  });
}

describe('a phone that does nothing beside a free place', () => {
  it('keeps nobody out, and stays', async () => {
    await using all = await crowd('stoprocent', maxCentralsOf('stoprocent') - 1);
    const { later, phones } = all;
    await later(60 * MINUTE_MS);
    assert.ok(phones.every(isThere));
  });
});
