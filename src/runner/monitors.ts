import type { QemuSpec, VmSpec } from '../domain/index.js';
import { MARK } from './marks.js';
import type { Vm, VmListener } from './monitor.js';
import { qemuArgs } from './qemu-args.js';
import { adoptQemu, startQemu } from './qemu.js';
import { tenderCommand } from './tender-args.js';
import { startTender } from './tender.js';

export interface StartOptions {
  /** The value of PATH, for a program that is named without a folder. */
  readonly searchPath: string;
  /** By which a gateway knows its own processes, whatever program they are. */
  readonly mark: string;
}

export function startVm(spec: VmSpec, listener: VmListener, options: StartOptions): Vm {
  return spec.monitor === 'qemu'
    ? startReady(spec, listener, options, false)
    : startTender(spec, listener, environment(options));
}

/** `stopped`: to stay before the guest's first instruction, as only QEMU's guests can. */
export function startReady(
  spec: QemuSpec,
  listener: VmListener,
  options: StartOptions,
  stopped: boolean,
): Vm {
  return startQemu(spec, listener, { env: environment(options), stopped });
}

function environment({ mark, searchPath }: StartOptions): Readonly<Record<string, string>> {
  return { PATH: searchPath, [MARK]: mark };
}

/** Takes over a guest that survived the gateway that started it; undefined for one that cannot. */
export function adoptVm(spec: VmSpec, processId: number, listener: VmListener): Vm | undefined {
  return spec.monitor !== 'qemu' || spec.rendezvous === undefined
    ? undefined
    : adoptQemu(spec, spec.rendezvous, processId, listener);
}

export function commandLineOf(spec: VmSpec): readonly string[] {
  return spec.monitor === 'qemu' ? [spec.program, ...qemuArgs(spec)] : tenderCommand(spec);
}

/** What is started instead where the accelerator fails. A tender has one way only to run its guest. */
export function fallbackOf(spec: VmSpec): VmSpec | undefined {
  return spec.monitor === 'qemu' ? spec.fallback : undefined;
}

export function missingText({ monitor, program }: VmSpec): string {
  const cure = monitor === 'qemu' ? 'install QEMU: npm run setup' : 'docs/unikernels.md says how to get it';
  return `${program} is not installed; ${cure}`;
}
