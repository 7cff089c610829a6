import { readdirSync } from 'node:fs';
import { describeBlock } from './diagnosis.js';
import { bluetoothSwitches, KERNEL_PATHS } from './surroundings.js';
import type { KernelPaths } from './surroundings.js';

export type AdapterSearch =
  | { readonly kind: 'found'; readonly device: number }
  | { readonly kind: 'none'; readonly reason: string; readonly cure: string };

/** The adapter to use: the wanted one, or the first. Says in a sentence each why there is none and what helps. */
export function findAdapter(wanted?: number, paths: KernelPaths = KERNEL_PATHS): AdapterSearch {
  const devices = listAdapters(paths.bluetooth);
  if (devices === undefined) {
    const cure =
      'Load the driver (`modprobe bluetooth`, on a Pi remove dtoverlay=disable-bt), or choose the virtual radio (radio.mode: virtual).';
    return { kind: 'none', reason: 'This kernel has no Bluetooth support loaded', cure };
  }
  const device = wanted === undefined ? devices[0] : devices.find((number) => number === wanted);
  if (device !== undefined) return { kind: 'found', device };
  if (wanted !== undefined && devices.length > 0) {
    const present = devices.map((number) => `hci${number}`).join(', ');
    return {
      kind: 'none',
      reason: `There is no adapter hci${wanted}`,
      cure: `Use one of these: ${present}.`,
    };
  }
  // A board's own switch takes its adapter away altogether.
  const blocked = describeBlock(undefined, bluetoothSwitches(paths.rfkill));
  if (blocked !== undefined) return { kind: 'none', ...blocked };
  const cure = 'Plug one in: it is found within seconds. Or choose the virtual radio (radio.mode: virtual).';
  return { kind: 'none', reason: 'There is no Bluetooth adapter', cure };
}

/** In ascending order; undefined where the kernel knows no Bluetooth. Connections (hci0:64) are listed there too. */
export function listAdapters(path: string): readonly number[] | undefined {
  try {
    const numbers = readdirSync(path).flatMap((name) => /^hci(\d+)$/.exec(name)?.slice(1) ?? []);
    return numbers.map(Number).sort((a, b) => a - b);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
