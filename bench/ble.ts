import { rounded, type BenchOptions, type Figures } from './bench.js';
import { measureGrowth } from './ble/cycles.js';
import { measureRuns } from './ble/runs.js';
import { startServed } from './ble/served.js';
import { measureTraffic } from './ble/traffic.js';
import { measureFairness, measureHistory } from './ble/transfers.js';

/** A phone at its usual interval, and one that transfers in a hurry. */
const USUAL = { intervalMs: 30, packetsPerEvent: 4 } as const;
const HURRIED = { intervalMs: 15, packetsPerEvent: 6 } as const;

/** The gateway over the virtual radio: what its services and sessions cost beside the bare driver, and what its links carry. */
export async function bleBench({ quick, say }: BenchOptions): Promise<Figures> {
  say('ble: notifications and reads, beside the same driver with a constant');
  const traffic = await measureTraffic(quick ? 6 : 20);
  say('ble: an hour of history and runs, at 30 ms and 4 packets');
  const usual = await overUsualLink(quick);
  say('ble: an hour of history, at 15 ms and 6 packets');
  const hurried = await overHurriedLink(quick);
  say('ble: phones that come and go');
  const growth = await measureGrowth(quick ? 150 : 1000);
  return { ...traffic, ...usual, ...hurried, ...growth };
}

async function overUsualLink(quick: boolean): Promise<Figures> {
  await using gateway = await startServed(USUAL);
  const runs = await measureRuns(gateway, USUAL.intervalMs, quick ? 4 : 10);
  const history = await measureHistory(gateway, USUAL, quick ? 1 : 3);
  const fairness = await measureFairness(gateway);
  return {
    ...runs,
    ...{ historyRatio30: rounded(history.ratio), historyPeerRatio30: rounded(history.peerRatio) },
    ...{ hourSeconds: rounded(history.seconds), hourBytes: history.bytes },
    ...fairness,
  };
}

async function overHurriedLink(quick: boolean): Promise<Figures> {
  await using gateway = await startServed(HURRIED);
  const { peerRatio, ratio } = await measureHistory(gateway, HURRIED, quick ? 1 : 3);
  return { historyRatio15: rounded(ratio), historyPeerRatio15: rounded(peerRatio) };
}
