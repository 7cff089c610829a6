import type { LossWriter } from '../../domain/index.js';
import type { EpochClocks } from './epoch-clock.js';

interface Start {
  readonly epoch: number;
  /** Empty where it is not known. */
  readonly boot: string;
  readonly powerCutMs: number;
}

/**
 * The boot before this one ended without closing the store: what was measured last may be gone with the memory that it
 * was in. Nobody can tell whether there was any.
 */
export function notePowerCut(
  losses: LossWriter,
  clocks: EpochClocks,
  { epoch, boot, powerCutMs }: Start,
): void {
  const before = clocks.clockOf(epoch - 1);
  if (before === undefined || before.closed || [boot, before.boot].includes('') || before.boot === boot)
    return;
  const loss = { reason: 'power-cut', what: 'observations', epoch: epoch - 1 } as const;
  if (before.stored === undefined) return losses.noteLoss(loss);
  const fromMs = Math.round(before.stored.toUs / 1000 + before.stored.offsetMs);
  losses.noteLoss({ ...loss, times: { fromMs, toMs: fromMs + powerCutMs } });
}
