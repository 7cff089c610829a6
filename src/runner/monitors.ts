import type { Cell } from '../confinement/index.js';
import type { QemuSpec, VmSpec } from '../domain/index.js';
import { MARK } from './marks.js';
import type { NetworkEnd, Vm, VmListener } from './monitor.js';
import { qemuArgs } from './qemu-args.js';
import { adoptQemu, startQemu } from './qemu.js';
import { tenderCommand } from './tender-args.js';
import { startTender } from './tender.js';

export interface StartOptions {
  /** The value of PATH, for a program that is named without a folder. */
  readonly searchPath: string;
  /** By which a gateway knows its own processes, whatever program they are. */
  readonly mark: string;
  /** Absent: the monitor is kept in nothing. */
  readonly cell?: Cell;
  /** For a guest that has a network. */
  readonly network?: NetworkEnd;
}

export function startVm(spec: VmSpec, listener: VmListener, options: StartOptions): Vm {
  if (spec.monitor === 'qemu') return startReady(spec, listener, options, false);
  return started(options.cell, () => startTender(spec, listener, environment(options), options.cell));
}

/** `stopped`: to stay before the guest's first instruction, as only QEMU's guests can. */
export function startReady(
  spec: QemuSpec,
  listener: VmListener,
  options: StartOptions,
  stopped: boolean,
): Vm {
  const { cell, network } = options;
  return started(cell, () =>
    startQemu(spec, listener, { env: environment(options), stopped, cell, network }),
  );
}

function environment({ mark, searchPath }: StartOptions): Readonly<Record<string, string>> {
  return { PATH: searchPath, [MARK]: mark };
}

/** Takes over a guest that survived the gateway that started it; undefined for one that cannot. */
export function adoptVm(
  spec: VmSpec,
  processId: number,
  listener: VmListener,
  cell: Pick<Cell, 'close'>,
): Vm | undefined {
  return spec.monitor !== 'qemu' || spec.rendezvous === undefined
    ? undefined
    : inCell(adoptQemu(spec, spec.rendezvous, processId, listener), cell);
}

/** Nothing is left of the cell of a process that could not be started. */
function started(cell: Cell | undefined, start: () => Vm): Vm {
  try {
    return inCell(start(), cell);
  } catch (error) {
    cell?.close(undefined, false);
    throw error;
  }
}

/** The cell is closed when the process has ended, and says whether that was for want of memory. */
function inCell(vm: Vm, cell: Pick<Cell, 'close'> | undefined): Vm {
  if (!cell) return vm;
  let byUs = false;
  return {
    ...vm,
    kill(signal) {
      byUs ||= signal === 'SIGKILL';
      vm.kill(signal);
    },
    exited: vm.exited.then((exit) => {
      // Of a process that is no child of ours, nobody knows how it ended.
      const killed = exit.signal === 'SIGKILL' || (exit.signal === undefined && exit.code === undefined);
      const outOfMemory = cell.close(vm.processId, killed && !byUs);
      return outOfMemory ? { ...exit, outOfMemory } : exit;
    }),
  };
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
