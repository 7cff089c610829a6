import type { Duplex } from 'node:stream';
import type { MonitorExit } from './lifecycle.js';

/** What a monitor says of its guest, whatever its protocol. A monitor that has none says nothing. */
export type MonitorEvent =
  /** It answers, and tells its version. */
  | { readonly kind: 'greeting'; readonly version: string }
  /** The machine exists, and the guest runs. */
  | { readonly kind: 'resumed' }
  /** The monitor lives, and has stopped the guest: at our word, or at an error of the accelerator's. */
  | { readonly kind: 'paused' }
  /** `reason` in QEMU's words: guest-shutdown, guest-reset, guest-panic, host-qmp-quit, … */
  | { readonly kind: 'shutdown'; readonly reason: string }
  /** `detail`: what is known of how. */
  | { readonly kind: 'panicked'; readonly detail: string }
  /** The guest ended by itself; only from a monitor that passes the guest's own status on. */
  | { readonly kind: 'ended'; readonly status: number };

/** What became of the values of some lines that a guest sent. */
export interface Taking {
  readonly taken: number;
  readonly dropped: number;
  /** What was wrong with them, once for each kind of fault. */
  readonly fault?: string;
}

/** The far end of a guest's only cable: given each chunk that comes in, it answers by the cable itself. */
export type NetworkEnd = (cable: Duplex, lines: (text: Uint8Array) => Taking) => (chunk: Buffer) => void;

/** Called as things happen; never awaited, and must not throw. */
export interface VmListener {
  event(event: MonitorEvent): void;
  console(chunk: Uint8Array): void;
  channel(chunk: Uint8Array): void;
  /** Lines that came by the guest's network. */
  network(lines: Uint8Array): Taking;
}

/** One process with one guest in it. What a kind of monitor cannot do is absent. */
export interface Vm {
  /** Absent when the program could not be started at all. */
  readonly processId: number | undefined;
  kill(signal: 'SIGTERM' | 'SIGKILL'): void;
  /** Never rejects. `missing`: there is no such program. */
  readonly exited: Promise<MonitorExit & { readonly missing: boolean }>;
  /** The frame channel, where the monitor has one and the guest was given it. */
  readonly channel?: { send(frame: Uint8Array): boolean };
  /** The machine protocol, where the monitor speaks one. */
  readonly machine?: MachineControl;
}

export interface MachineControl {
  /** Lets a guest go that was started stopped. */
  resume(): void;
  quit(): void;
}
