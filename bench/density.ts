import { setTimeout as delay } from 'node:timers/promises';
import { freemem } from 'node:os';
import { newRunId } from '../src/platform/index.js';
import {
  cpuSeconds,
  rssBytes,
  startGatewayProcess,
  type GatewayProcess,
} from '../test/support/gateway-process.js';
import { median, rounded, type BenchOptions, type Figures } from './bench.js';

const MOST_GUESTS = 32;
const QUICK_GUESTS = 8;
const SECONDS = 60;
const QUICK_SECONDS = 15;
/** The compiler has seen the work, and the first windows are full. */
const SETTLE_MS = 10_000;
/** Of memory, for each guest: what its QEMU shares with nobody, twice. */
const GUEST_BYTES = 64 * 2 ** 20;

/** What each further hostsense guest, at one report a second, costs the gateway's own process. */
export async function densityBench({ quick, say }: BenchOptions): Promise<Figures> {
  const guests = Math.min(quick ? QUICK_GUESTS : MOST_GUESTS, Math.floor(freemem() / GUEST_BYTES));
  const seconds = quick ? QUICK_SECONDS : SECONDS;
  const settings = { keepRunning: '[]', 'radio.mode': 'off', 'web.enabled': 'false', 'runner.maxRuns': '40' };
  await using gateway = await startGatewayProcess({ ...settings, 'runner.accelerator': 'tcg' });
  // With one, so that what the first one brings into memory is not counted for each.
  await start(gateway, 1);
  say(`density: measuring 1 guest for ${seconds} s`);
  const one = await observe(gateway, seconds);
  await start(gateway, guests - 1);
  say(`density: measuring ${guests} guests for ${seconds} s`);
  const all = await observe(gateway, seconds);
  const { activeRuns, lostObservations } = await gateway.control.status();
  const further = guests - 1;
  return {
    guests: activeRuns,
    rssMibPerGuest: rounded((all.rssMib - one.rssMib) / further),
    cpuPercentPerGuest: rounded((all.cpuPercent - one.cpuPercent) / further),
    oneRssMib: rounded(one.rssMib),
    oneCpuPercent: rounded(one.cpuPercent),
    allRssMib: rounded(all.rssMib),
    allCpuPercent: rounded(all.cpuPercent),
    ...{ lostObservations, seconds },
  };
}

/** Each has reported before the next is started. */
async function start({ control }: GatewayProcess, count: number): Promise<void> {
  for (let started = 0; started < count; started += 1) {
    const id = newRunId();
    for await (const news of control.run({ id, image: 'hostsense' })) if (news.kind === 'report') break;
  }
}

interface Usage {
  readonly rssMib: number;
  readonly cpuPercent: number;
}

async function observe({ processId }: GatewayProcess, seconds: number): Promise<Usage> {
  await delay(SETTLE_MS);
  const cpuBefore = cpuSeconds(processId);
  const since = performance.now();
  const rss: number[] = [];
  for (let second = 0; second < seconds; second += 1) {
    await delay(1000);
    rss.push(rssBytes(processId));
  }
  const cpuPercent = ((cpuSeconds(processId) - cpuBefore) / ((performance.now() - since) / 1000)) * 100;
  return { rssMib: median(rss) / 2 ** 20, cpuPercent };
}
