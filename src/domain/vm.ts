import type { Architecture } from './image.js';

/** One emulated machine type, as its monitor names it. */
export interface Machine {
  readonly machine: string;
  readonly cpu: string;
  /** Further arguments that this machine needs, in order. */
  readonly extra: readonly string[];
}

/** All that a monitor must know to start one guest. */
export interface VmSpec {
  /** Shown in process lists; carries the run id, so that an orphan can be recognised. */
  readonly name: string;
  readonly architecture: Architecture;
  /** The monitor's program, a name on the PATH or a path. */
  readonly program: string;
  readonly accelerator: 'tcg' | 'kvm';
  readonly machine: Machine;
  readonly kernelPath: string;
  readonly memoryMib: number;
  readonly vcpus: number;
  readonly args: string;
}
