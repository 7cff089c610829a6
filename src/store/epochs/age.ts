/** An epoch, and what its monotonic clock went through while it was recorded. */
export interface RecordedEpoch {
  readonly epoch: number;
  readonly fromUs: number;
  readonly toUs: number;
}

/** Of an epoch's monotonic time. */
export interface Instant {
  readonly epoch: number;
  readonly us: number;
}

/**
 * The instant that lies `keepUs` of recorded time before the last one; undefined where less than that was recorded.
 * Time that nothing was recorded in does not count, and no wall clock has a say: neither a wrong one nor a board that
 * was switched off for a year makes anything older. `epochs` are in order.
 */
export function recordedBefore(epochs: readonly RecordedEpoch[], keepUs: number): Instant | undefined {
  let left = keepUs;
  for (const { epoch, fromUs, toUs } of epochs.toReversed()) {
    if (toUs - fromUs > left) return { epoch, us: toUs - left };
    left -= toUs - fromUs;
  }
  return undefined;
}
