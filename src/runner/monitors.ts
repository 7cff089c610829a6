import type { VmSpec } from '../domain/index.js';
import { MARK } from './marks.js';
import type { Vm, VmListener } from './monitor.js';
import { qemuArgs } from './qemu-args.js';
import { adoptQemu, startQemu } from './qemu.js';

export interface StartOptions {
  /** The value of PATH, for a program that is named without a folder. */
  readonly searchPath: string;
  /** By which a gateway knows its own processes, whatever program they are. */
  readonly mark: string;
  /** Stay before the guest's first instruction; only for a monitor that can. */
  readonly stopped?: boolean;
}

export function startVm(spec: VmSpec, listener: VmListener, options: StartOptions): Vm {
  const env = { PATH: options.searchPath, [MARK]: options.mark };
  return startQemu(spec, listener, { env, stopped: options.stopped ?? false });
}

/** Takes over a guest that survived the gateway that started it; undefined for one that cannot. */
export function adoptVm(spec: VmSpec, processId: number, listener: VmListener): Vm | undefined {
  return spec.rendezvous === undefined ? undefined : adoptQemu(spec, spec.rendezvous, processId, listener);
}

export function commandLineOf(spec: VmSpec): readonly string[] {
  return [spec.program, ...qemuArgs(spec)];
}
