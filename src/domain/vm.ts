import type { Architecture } from './image.js';
import type { Sample } from './observation.js';

/** One emulated machine, as its monitor names it. */
export interface Machine {
  readonly machine: string;
  readonly cpu: string;
  /** Further arguments that this machine needs, in order. */
  readonly extra: readonly string[];
  /** How the guest's frame channel and disks are attached: memory-mapped virtio, or virtio on a PCI bus. */
  readonly bus: 'mmio' | 'pci';
}

/** What the monitor is given to boot from; paths are absolute. */
export interface BootFiles {
  readonly kernel?: string;
  readonly initrd?: string;
  /** The initrd is a multiboot module, and this what it is told. */
  readonly initrdArgs?: string;
  /** The initrd is put at this address by QEMU's guest-loader, which names it in the device tree. */
  readonly initrdAddress?: number;
  /** Attached so that the guest's writes are thrown away: several guests may share the file. */
  readonly disk?: { readonly path: string; readonly format: 'raw' | 'qcow2' };
}

/** What every monitor must know to start one guest. */
interface GuestSpec {
  readonly architecture: Architecture;
  /** The monitor's program, a name on the PATH or a path. */
  readonly program: string;
  readonly memoryMib: number;
  readonly ends: ConsoleEnds;
  /** What executes the guest's instructions; `none` for a guest that is a process of the board's own. */
  readonly accelerator: 'tcg' | 'kvm' | 'none';
}

/** All that QEMU must know. */
export interface QemuSpec extends GuestSpec {
  readonly monitor: 'qemu';
  /** Shown in process lists; carries the run id. */
  readonly name: string;
  readonly accelerator: 'tcg' | 'kvm';
  /** Started instead where the accelerator fails under this one: the same guest in software. */
  readonly fallback?: QemuSpec;
  readonly machine: Machine;
  readonly boot: BootFiles;
  readonly vcpus: number;
  /** The guest's command line; undefined where none reaches it. */
  readonly args: string | undefined;
  /** Whether the guest has the frame channel, a virtio-serial port. */
  readonly channel: boolean;
  /** Whether the guest has a network interface; its other end is the gateway itself. */
  readonly network?: true;
  /** A device by which the guest ends QEMU, where it expects one. */
  readonly debugExit?: DebugExit;
  /**
   * A folder in which the gateway listens for console, channel and machine protocol, so that the guest survives it, and
   * the next one can take over. Absent: they are inherited, and end with the gateway.
   */
  readonly rendezvous?: string;
}

/**
 * All that a Solo5 tender must know (github.com/Solo5/solo5, docs/building.md). It has one processor, no machine protocol,
 * no frame channel, and cannot wait before its first instruction or outlive its gateway.
 */
export interface TenderSpec extends GuestSpec {
  /** hvt runs a guest in KVM; spt runs it as a process behind a filter of system calls. */
  readonly monitor: 'solo5-hvt' | 'solo5-spt';
  readonly accelerator: 'kvm' | 'none';
  readonly kernel: string;
  readonly args: string;
  /** TAP interfaces of the board, by the names that the image gives to its network devices. */
  readonly taps: Readonly<Record<string, string>>;
  /** `scratch`: a folder for the copy that the guest writes to, gone before it starts. */
  readonly block?: { readonly name: string; readonly path: string; readonly scratch: string };
}

/** One guest under one kind of monitor. */
export type VmSpec = QemuSpec | TenderSpec;

/** QEMU's isa-debug-exit: a guest that writes `value` ends QEMU with the status value * 2 + 1. */
export interface DebugExit {
  readonly port: number;
  /** How wide the guest writes. */
  readonly bytes: 1 | 2 | 4;
  /**
   * What the family writes: its program's status; 1 for success and 0 for a failure; or always the same, which tells
   * nothing.
   */
  readonly writes: 'status' | 'success' | 'nothing';
}

/** What a family's console says about its end. The patterns are ours, never a guest's or a manifest's. */
export interface ConsoleEnds {
  /** The program returned; the first group is its status, 0 without one. */
  readonly done: readonly RegExp[];
  /** The guest failed; what matched is the detail. */
  readonly crashed: readonly RegExp[];
  /** What is to be done about a failure, by its detail: a sentence without an end. */
  readonly advice: readonly (readonly [failure: RegExp, advice: string])[];
  /** What a power-off means for a guest that said nothing of its end. */
  readonly powerOff: 'completed' | 'crashed';
  /** The guest halts when it is done, and never ends by itself. */
  readonly halts: boolean;
}

/** How far a guest came that was started only to see whether it runs. */
export type FirstReport =
  | { readonly kind: 'reported'; readonly samples: readonly Sample[] }
  /** QEMU lives and has stopped the guest, as it does at an error of KVM's; `detail` is its own words. */
  | { readonly kind: 'paused'; readonly detail: string }
  /** QEMU ended by itself; `detail` is its own words, or how it ended. */
  | { readonly kind: 'ended'; readonly detail: string }
  /** Nothing was heard of the guest until `stopped` was aborted. */
  | { readonly kind: 'late' };
