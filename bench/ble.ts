import type { BenchOptions, Figures } from './bench.js';
import { measureTraffic } from './ble/traffic.js';

/** The gateway over the virtual radio: what its services and sessions cost beside the bare driver, and what its links carry. */
export async function bleBench({ quick, say }: BenchOptions): Promise<Figures> {
  say('ble: notifications and reads, beside the same driver with a constant');
  const traffic = await measureTraffic(quick ? 8 : 40);
  return { ...traffic };
}
