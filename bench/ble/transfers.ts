import { setTimeout as delay } from 'node:timers/promises';
import { BulkReceiver, metricUuid } from '@perigee/gatt';
import type { LinkModel } from '../../src/air/index.js';
import type { ControlSession } from '../../src/nearby/index.js';
import { fetchHistory } from '../../src/nearby/index.js';
import { assert } from '../../src/domain/index.js';
import { median, rounded, type Figures } from '../bench.js';
import { SERIES_COUNT } from '../store/data.js';
import { BEFORE_SECONDS, enrol, HOUR_SECONDS, type Served, type Visitor } from './served.js';
import { startStation } from './stations.js';

/** What one packet of 251 bytes carries of an attribute's value. */
const VALUE_BYTES = 244;
const PEER_MS = 2000;
const PHONES = 4;
/** Of the hour, so much for each of several phones. */
const SHARED_SECONDS = 1200;
/** What a link can carry: values alone, in every packet of every event. */
export function capacity({ intervalMs, packetsPerEvent }: LinkModel): number {
  return (VALUE_BYTES * packetsPerEvent * 1000) / intervalMs;
}

/** Values a second of the bare driver, which does nothing but notify, in bytes: what is reached of the capacity without us. */
export async function measurePeer(model: LinkModel): Promise<number> {
  await using station = await startStation('peer', 'stoprocent', model);
  using phone = await station.phone();
  await phone.connect();
  await phone.subscribe(await phone.handleOf(metricUuid(0)));
  station.order({ what: 'notify', bytes: VALUE_BYTES });
  await delay(PEER_MS / 4);
  const [before, since] = [phone.bytes, performance.now()];
  await delay(PEER_MS);
  return ((phone.bytes - before) / (performance.now() - since)) * 1000;
}

/** The hour of all series, as `perigee nearby history` fetches it: the whole of it, and bytes a second while it travels. */
export async function measureHour(
  visitor: Visitor,
  fromMs: number,
): Promise<{ readonly seconds: number; readonly bytesPerSecond: number; readonly bytes: number }> {
  await visitor.near();
  await using here = await visitor.connect();
  const since = performance.now();
  let [began, ended, bytes, points] = [0, 0, 0, 0];
  const visit = (): Promise<{ readonly session: ControlSession } & AsyncDisposable> =>
    Promise.resolve({ session: here.session, [Symbol.asyncDispose]: () => Promise.resolve() });
  const toMs = fromMs + (HOUR_SECONDS + BEFORE_SECONDS) * 1000;
  const range = { series: [], fromMs, toMs, resolution: 'raw' } as const;
  const histories = fetchHistory(visit, range, {
    tell: (news) => {
      if (news.kind !== 'received') return;
      if (news.bytes === 0) began = performance.now();
      ended = performance.now();
      if (news.bytes === news.size) bytes += news.size;
    },
  });
  for await (const history of histories)
    for (const [id, { labels }] of history.packed.series)
      if (labels['image'] === 'bench') for await (const some of history.points(id)) points += some.length;
  const seconds = (performance.now() - since) / 1000;
  assert(
    points === SERIES_COUNT * HOUR_SECONDS,
    `${points} samples came, and an hour has ${SERIES_COUNT * HOUR_SECONDS}`,
  );
  return { seconds, bytes, bytesPerSecond: (bytes / (ended - began)) * 1000 };
}

/** Four phones fetch the same at once: of each, what it had when the first was done, beside the mean. 1 is all alike. */
export async function measureFairness(gateway: Served): Promise<Figures> {
  const visitors: Visitor[] = [];
  try {
    for (let i = 0; i < PHONES; i += 1) visitors.push(await enrol(gateway, `Phone ${i}`));
    const sessions: ControlSession[] = [];
    for (const visitor of visitors) {
      await visitor.near();
      sessions.push((await visitor.connect()).session);
    }
    const { fromMs } = gateway;
    const toMs = fromMs + SHARED_SECONDS * 1000;
    const open = { history: { series: [], fromMs, toMs, resolution: 'raw' } };
    const sizes = await Promise.all(sessions.map((session) => session.open(open)));
    const receivers = sizes.map(({ size }) => new BulkReceiver(size ?? 0));
    const since = performance.now();
    let counts: readonly number[] | undefined;
    const fetching = sessions.map(async (session, i) => {
      await session.fetch(receivers[i] ?? new BulkReceiver(0));
      counts ??= receivers.map(({ received }) => received.length);
    });
    await Promise.race(fetching);
    const seconds = (performance.now() - since) / 1000;
    await Promise.all(fetching);
    const had = counts ?? [];
    const mean = had.reduce((sum, count) => sum + count, 0) / PHONES;
    return {
      fairness: rounded(1 - Math.max(...had.map((count) => Math.abs(count / mean - 1)))),
      sharedBytesPerSecond: rounded((mean * PHONES) / seconds),
    };
  } finally {
    for (const visitor of visitors) await visitor[Symbol.asyncDispose]();
  }
}

/** The hour over a link of this model, so many times, by turns with the bare driver. */
export async function measureHistory(
  gateway: Served,
  model: LinkModel,
  rounds: number,
): Promise<{
  readonly ratio: number;
  readonly peerRatio: number;
  readonly seconds: number;
  readonly bytes: number;
}> {
  await using visitor = await enrol(gateway, `History ${model.intervalMs}`);
  const measured: { seconds: number; bytes: number; ratio: number; peerRatio: number }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const peer = await measurePeer(model);
    const { bytes, bytesPerSecond, seconds } = await measureHour(visitor, gateway.fromMs);
    measured.push({
      seconds,
      bytes,
      ratio: bytesPerSecond / capacity(model),
      peerRatio: peer / capacity(model),
    });
  }
  const of = (key: 'seconds' | 'bytes' | 'ratio' | 'peerRatio'): number =>
    median(measured.map((each) => each[key]));
  return { ratio: of('ratio'), peerRatio: of('peerRatio'), seconds: of('seconds'), bytes: of('bytes') };
}
