import { setTimeout as delay } from 'node:timers/promises';
import { quantile, rounded, type BenchOptions, type Figures } from './bench.js';
import {
  cpuSeconds,
  rssBytes,
  startGatewayProcess,
  type GatewayProcess,
} from '../test/support/gateway-process.js';

const SECONDS = 60;
const QUICK_SECONDS = 25;
/** Modules load, the guest boots, the first windows fill: start-up is no idling. */
const SETTLE_SECONDS = 10;

/** What the gateway's own process costs with one hostsense guest, its page and its (virtual) radio on, and no visitors. */
export async function idleBench({ quick, say }: BenchOptions): Promise<Figures> {
  await using gateway = await startGatewayProcess({ 'radio.mode': 'virtual', 'web.port': '0' });
  await delay(SETTLE_SECONDS * 1000);
  const { store, radio } = await gateway.control.status();
  const samplesBefore = store.samples;
  const seconds = quick ? QUICK_SECONDS : SECONDS;
  say(`idle: measuring for ${seconds} s`);
  const usage = await observe(gateway, seconds);
  const after = await gateway.control.status();
  return {
    ...usage,
    seconds,
    samplesPerSecond: rounded((after.store.samples - samplesBefore) / seconds),
    guests: after.activeRuns,
    radio: radio.state.kind,
  };
}

async function observe({ processId }: GatewayProcess, seconds: number): Promise<Figures> {
  const rss: number[] = [];
  const cpuBefore = cpuSeconds(processId);
  const since = performance.now();
  for (let second = 0; second < seconds; second += 1) {
    await delay(1000);
    rss.push(rssBytes(processId));
  }
  const cpuPercent = ((cpuSeconds(processId) - cpuBefore) / ((performance.now() - since) / 1000)) * 100;
  return {
    rssMib: rounded(quantile(rss, 1) / 2 ** 20),
    rssMedianMib: rounded(quantile(rss, 0.5) / 2 ** 20),
    cpuPercent: rounded(cpuPercent),
  };
}
