import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Air, offerDevice, serveAir } from '../air/index.js';
import type { LinkModel } from '../air/index.js';
import { PerigeeError } from '../domain/index.js';
import type { Logger, Radio } from '../domain/index.js';
import { findAdapter } from './adapters.js';
import type { DeviceLease } from './lease.js';
import { maxCentralsOf } from './bleno-loader.js';
import type { BlenoDriver } from './driver-code.js';
import { BlenoRadio } from './bleno-radio.js';
import { NoRadio } from './no-radio.js';
import { KERNEL_PATHS } from './surroundings.js';
import type { KernelPaths } from './surroundings.js';
import { ofAdapter, ofVirtual } from './unavailable.js';
import { VIGIL_MS } from './vigil.js';

export interface RadioOptions {
  /** `auto` uses an adapter; `virtual` needs none and reaches phones of software on this machine only. */
  readonly mode: 'auto' | 'virtual' | 'off';
  readonly driver: BlenoDriver;
  /** hciN; absent for the first one. */
  readonly hciDevice?: number;
  /** The air of a virtual radio; absent for one of its own. */
  readonly air?: Air;
  /** What the links of an air of its own carry; absent for as much as the processor can. */
  readonly link?: LinkModel;
  /** Where a virtual radio lets phones of other processes in: the path of a Unix socket, for this user alone. */
  readonly airSocket?: string;
  /** GAP's Device Name: what phones show once connected. */
  readonly name: string;
  readonly logger: Logger;
  /** Where the kernel is asked about adapters; absent for the real one. */
  readonly kernel?: KernelPaths;
  /** How often the controller is looked after; absent for what suits a board. */
  readonly vigilMs?: number;
  /** A clock that is never set; absent for that of the process. */
  readonly nowMs?: () => number;
}

/** Opens nothing yet: `start` does, and loads the driver. */
export function createRadio(options: RadioOptions): Radio {
  const { mode, driver, name, logger, nowMs = () => performance.now() } = options;
  if (mode === 'off') return new NoRadio();
  const vigilMs = options.vigilMs ?? VIGIL_MS;
  const shared = { driver, name, logger, nowMs, vigilMs, maxCentrals: maxCentralsOf(driver) };
  const label = `@${driver}/bleno`;
  if (mode === 'virtual') {
    const openDevice = (): Promise<DeviceLease> => openVirtual(options);
    return new BlenoRadio({ ...shared, openDevice, explain: ofVirtual, label: `${label}, virtual` });
  }
  const openDevice = (): Promise<DeviceLease> => openAdapter(options);
  return new BlenoRadio({ ...shared, openDevice, explain: ofAdapter(options.kernel), label });
}

function openAdapter({ hciDevice, kernel = KERNEL_PATHS }: RadioOptions): Promise<DeviceLease> {
  const found = findAdapter(hciDevice, kernel);
  if (found.kind === 'none') {
    return Promise.reject(new PerigeeError('radio-unavailable', found.reason, found.cure));
  }
  const { device } = found;
  const present = (): boolean => existsSync(join(kernel.bluetooth, `hci${device}`));
  return Promise.resolve({ device, present, [Symbol.asyncDispose]: () => Promise.resolve() });
}

async function openVirtual({ link, airSocket, logger, ...options }: RadioOptions): Promise<DeviceLease> {
  const air = options.air ?? new Air(link === undefined ? {} : { link });
  const server = airSocket === undefined ? undefined : await serveAir(air, airSocket, logger);
  const device = offerDevice(air.attach());
  return {
    device: device.id,
    present: () => true,
    async [Symbol.asyncDispose]() {
      device.withdraw();
      await server?.[Symbol.asyncDispose]();
    },
  };
}
