import type { Architecture, QemuSpec } from '../domain/index.js';

export type Accelerator = QemuSpec['accelerator'];

/** What one trial showed. */
export type TrialResult =
  | {
      readonly kind: 'reported';
      /** The timed loop, on the guest's clock. */
      readonly loopMs: number;
      /** From the start of QEMU to the report, on ours. */
      readonly afterMs: number;
    }
  /** QEMU lived, and the guest stood still. */
  | { readonly kind: 'paused'; readonly detail: string }
  /** QEMU ended, or the guest reported something else. */
  | { readonly kind: 'failed'; readonly detail: string }
  /** Killed after this time without a report. */
  | { readonly kind: 'late'; readonly afterMs: number };

export type Trials = Readonly<Record<Accelerator, TrialResult>>;

/** What became of an attempt to open /dev/kvm for reading and writing. */
export type KvmDevice =
  | { readonly kind: 'opens'; readonly stamp: string }
  | { readonly kind: 'absent' }
  | { readonly kind: 'denied' }
  | { readonly kind: 'unusable'; readonly code: string };

/** All that the choice rests on; each kind rules out the ones behind it. */
export type Evidence =
  | { readonly kind: 'foreign'; readonly guest: Architecture; readonly host: Architecture }
  | { readonly kind: 'no-device'; readonly device: Exclude<KvmDevice, { readonly kind: 'opens' }> }
  /** There is nothing to try KVM with. */
  | { readonly kind: 'no-guest'; readonly detail: string; readonly cure: string }
  | { readonly kind: 'tried'; readonly trials: Trials };
