import { setTimeout as delay } from 'node:timers/promises';
import { metricUuid } from '@perigee/gatt';
import { median, rounded, type Figures } from '../bench.js';
import type { AttPhone } from './att-phone.js';
import { startStation, type Station } from './stations.js';

/** Caches are warm and code is compiled before anything counts. */
const WARM_UP_MS = 600;
const ROUND_MS = 300;
/** Far below what either can: what a notification costs, and not what waiting does. */
const PACED_PER_SECOND = 4000;

interface Side {
  readonly station: Station;
  readonly phone: AttPhone;
  readonly handle: number;
}

/** Notifications and reads a second beside the same driver with a constant, and what the processor pays, in turn. */
export async function measureTraffic(rounds: number): Promise<Figures> {
  await using ourStation = await startStation('ours', 'stoprocent');
  await using peerStation = await startStation('peer', 'stoprocent');
  const [us, peer] = [await sideOf(ourStation), await sideOf(peerStation)];
  const measure = async (
    what: (side: Side, ms: number) => Promise<number>,
  ): Promise<readonly [number, number, number]> => {
    for (const side of [us, peer]) await what(side, WARM_UP_MS);
    const pairs: (readonly [number, number])[] = [];
    for (let round = 0; round < rounds; round += 1) {
      // Whoever goes first has the warmer machine: each does, by turns.
      const first = round % 2 === 0 ? us : peer;
      const values = new Map<Side, number>();
      for (const side of [first, first === us ? peer : us]) values.set(side, await what(side, ROUND_MS));
      pairs.push([values.get(us) ?? NaN, values.get(peer) ?? NaN]);
    }
    const ratio = median(pairs.map(([ours, theirs]) => ours / theirs));
    return [median(pairs.map(([ours]) => ours)), median(pairs.map(([, theirs]) => theirs)), ratio];
  };
  const notify = await measure(notificationsPerSecond);
  const cpu = await measure(cpuUsPerNotification);
  const read = await measure(readsPerSecond);
  us.phone[Symbol.dispose]();
  peer.phone[Symbol.dispose]();
  return {
    ...{
      notifyPerSecond: rounded(notify[0]),
      notifyPeerPerSecond: rounded(notify[1]),
      notifyRatio: rounded(notify[2]),
    },
    ...{ readPerSecond: rounded(read[0]), readPeerPerSecond: rounded(read[1]), readRatio: rounded(read[2]) },
    ...{ notifyCpuUs: rounded(cpu[0]), notifyPeerCpuUs: rounded(cpu[1]), cpuRatio: rounded(cpu[2]) },
  };
}

async function sideOf(station: Station): Promise<Side> {
  const phone = await station.phone();
  await phone.connect();
  const handle = await phone.handleOf(metricUuid(0));
  await phone.subscribe(handle);
  return { station, phone, handle };
}

async function notificationsPerSecond({ phone, station }: Side, ms: number): Promise<number> {
  station.order({ what: 'notify' });
  await delay(ms / 10);
  const [before, since] = [phone.notifications, performance.now()];
  await delay(ms);
  const perSecond = ((phone.notifications - before) / (performance.now() - since)) * 1000;
  station.order({ what: 'rest' });
  await delay(ms / 10);
  return perSecond;
}

async function cpuUsPerNotification({ phone, station }: Side, ms: number): Promise<number> {
  const usage = async (): Promise<number> => (await station.usage()).cpuUs;
  const [before, count] = [await usage(), phone.notifications];
  station.order({ what: 'notify', perSecond: PACED_PER_SECOND });
  await delay(ms);
  station.order({ what: 'rest' });
  const after = await usage();
  return (after - before) / (phone.notifications - count);
}

async function readsPerSecond({ handle, phone }: Side, ms: number): Promise<number> {
  const since = performance.now();
  let reads = 0;
  for (; performance.now() - since < ms; reads += 1) await phone.read(handle);
  return (reads / (performance.now() - since)) * 1000;
}
