import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { inflateRawSync } from 'node:zlib';
import { BulkReceiver, History, inChannel } from '@perigee/gatt';
import { perigee } from '@perigee/proto';
import { random32 } from '../support/random.js';
import { again, enrolled, HELLO_RUN, openWorld, POINTS, refusalOf } from './support-phones.js';
import type { HistoryPoint } from '../../src/domain/index.js';
import type { TestPhone } from './support-phone.js';

const LOG = { runLog: HELLO_RUN };
const RANGE = { series: ['m'], fromMs: 1_700_000_000_000, toMs: 1_700_003_000_000 };
const TEXT = `${'line\n'.repeat(2000)}the end\n`;

async function open(
  phone: TestPhone,
  what: perigee.v1.OpenSnapshot.$Properties,
): Promise<{
  readonly id: string;
  readonly size: number;
  readonly plainSize: number;
  readonly from: number;
}> {
  const { from, id, plainSize, size } =
    (await phone.ask({ open: what })).snapshot ?? assert.fail('it is a snapshot');
  return {
    ...{ id: Buffer.from(id ?? []).toString('hex'), size: size ?? 0 },
    ...{ plainSize: plainSize ?? 0, from: from ?? 0 },
  };
}

/** As it would be of a snapshot. */
function idOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest().subarray(0, 16));
}

async function fetched(phone: TestPhone, what: perigee.v1.OpenSnapshot.$Properties): Promise<Uint8Array> {
  const { plainSize, size } = await open(phone, what);
  const plain = inflateRawSync(phone.fetch(new BulkReceiver(size)) ?? assert.fail('it is whole'));
  assert.equal(plain.length, plainSize);
  return new Uint8Array(plain);
}

describe('a snapshot', () => {
  it('is a whole log, a history in columns, or all series with their newest values', async () => {
    using world = await openWorld();
    const phone = await enrolled(world, { role: 'viewer' });
    assert.equal(Buffer.from(await fetched(phone, LOG)).toString(), TEXT);
    const plain = await fetched(phone, { history: { ...RANGE, resolution: 'raw' } });
    const raw = History.read(plain) ?? assert.fail('it is a history');
    assert.deepEqual(
      [raw.packed.gatewayId, raw.packed.fromMs, raw.packed.toMs, [...raw.packed.series.values()]],
      ['0123456789abcdef', RANGE.fromMs, RANGE.toMs, [{ name: 'm', labels: {}, unit: 'count' }]],
    );
    const points: HistoryPoint[] = [];
    for await (const some of raw.points(0)) points.push(...some);
    assert.deepEqual(
      points.map(({ last, wallMs }) => [wallMs, last]),
      POINTS.map(({ last, wallMs }) => [wallMs, last]),
    );
    const { newest } = perigee.v1.SeriesList.decode(await fetched(phone, { series: {} }));
    assert.deepEqual({ ...newest[1] }, { series: 'm1', value: Math.sin(1), unit: 'count' });
    assert.equal(newest.length, 3000);
  });

  it('is the same whatever becomes of the connections, and of the gateway, on the way', async () => {
    const next = random32(3);
    const what = { history: { ...RANGE, resolution: 'raw' } };
    using first = await openWorld();
    let phone = await enrolled(first);
    const { id, size } = await open(phone, what);
    const receiver = new BulkReceiver(size);
    let bytes: Uint8Array | undefined;
    let sessions = 0;
    for (; bytes === undefined; sessions++) {
      bytes = phone.fetch(receiver, 1 + (next() % 4));
      if (bytes !== undefined) break;
      // Handshakes are few; time passes between them.
      first.time.us += 10e6;
      phone = again(first, phone);
      assert.equal((await open(phone, what)).id, id);
    }
    assert.ok(sessions > 3);
    using second = await openWorld();
    const other = await enrolled(second);
    assert.equal((await open(other, what)).id, id, 'a gateway that was started again makes the same');
    const rest = new BulkReceiver(size);
    other.fetch(rest, 5);
    const last = again(second, other);
    await open(last, what);
    assert.deepEqual(last.fetch(rest), bytes);
  });

  it('that has grown goes on where a phone has its beginning, and else begins anew', async () => {
    using world = await openWorld();
    const phone = await enrolled(world);
    const ask = (toMs: number, ...have: readonly Uint8Array[]): ReturnType<typeof open> =>
      open(phone, {
        history: { ...RANGE, toMs, resolution: 'raw' },
        have: have.map((bytes) => ({ size: bytes.length, id: idOf(bytes) })),
      });
    const { id, size } = await ask(RANGE.toMs);
    const bytes = phone.fetch(new BulkReceiver(size)) ?? assert.fail('it is whole');
    assert.equal(id, Buffer.from(idOf(bytes)).toString('hex'));
    for (const count of [1, 1000, size]) {
      assert.equal((await ask(RANGE.toMs, bytes.slice(0, count))).from, count);
      assert.equal((await ask(RANGE.toMs, Uint8Array.from([...bytes.slice(1, count), 0]))).from, 0, 'others');
    }
    assert.equal((await ask(RANGE.toMs, Uint8Array.of(...bytes, 0))).from, 0, 'more than there is');
    const offered = [Uint8Array.of(...bytes, 0), bytes.slice(0, 10), bytes.slice(0, 20), bytes.slice(1)];
    assert.equal((await ask(RANGE.toMs, ...offered)).from, 20, 'the most that is right');
  });

  it('has another id when it is another one', async () => {
    using world = await openWorld();
    const phone = await enrolled(world);
    const ids = new Set<string>();
    for (const toMs of [RANGE.toMs, RANGE.toMs - 5000])
      ids.add((await open(phone, { history: { ...RANGE, toMs, resolution: 'raw' } })).id);
    assert.equal(ids.size, 2);
  });

  it('stands in the way of no answer', async () => {
    using world = await openWorld();
    const phone = await enrolled(world);
    await open(phone, { history: { ...RANGE, resolution: 'raw' } });
    phone.sent.length = 0;
    phone.room = 3;
    assert.equal(phone.grant({ from: 0, until: 5000 }), 0);
    phone.command({ images: {} });
    await phone.said();
    phone.drain();
    phone.drain();
    const kinds = phone.events.slice(-6).map((event) => (event.kind === 'message' ? event.plaintext[0] : -1));
    assert.ok(
      kinds.slice(0, 4).includes(0) || kinds.includes(-1),
      `${kinds.join()}: behind three pieces at most`,
    );
  });

  const refused: Readonly<Record<string, readonly [perigee.v1.OpenSnapshot.$Properties, RegExp]>> = {
    'of nothing': [{}, /^usage: there is no snapshot of nothing/],
    'of no run': [{ runLog: 'zz' }, /^usage: "zz" is no run id/],
    'of a resolution that there is not': [{ history: { ...RANGE, resolution: 'days' } }, /^usage: .*"days"/],
    'of too much': [
      { history: { ...RANGE, series: ['endless'], resolution: 'raw' } },
      /^usage: .* more than one/,
    ],
  };
  for (const [what, [asked, expected]] of Object.entries(refused)) {
    it(`${what} is refused`, async () => {
      using world = await openWorld();
      assert.match(await refusalOf(await enrolled(world), { open: asked }), expected);
    });
  }

  it('is fetched by no credit that no phone of ours would give, and a late one is ignored', async () => {
    using world = await openWorld();
    const phone = await enrolled(world);
    assert.equal(phone.grant({ from: 0, until: 10 }), 0, 'of nothing');
    const { size } = await open(phone, LOG);
    assert.equal(phone.grant({ from: 0, until: size + 1 }), 0x83);
    const other = again(world, phone);
    await open(other, LOG);
    const short = other.session.seal(inChannel('credit', new Uint8Array(3)));
    assert.equal(other.write('sealed', short), 0x83);
  });
});
