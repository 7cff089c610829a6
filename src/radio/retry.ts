/** When a radio that failed is started again: soon, and less often as it goes on to fail. Counts ticks. */
export interface Retry {
  /** Until the next attempt. */
  readonly wait: number;
  /** Before the one after that. */
  readonly next: number;
  /** How long it has worked. */
  readonly steady: number;
}

/** At a tick of two seconds: half a minute. */
const MAX_WAIT_TICKS = 15;
/** As long a radio has to work before its failure is thought to be a new one: a minute. */
const STEADY_TICKS = 30;

export const FIRST_TRY: Retry = { wait: 0, next: 1, steady: 0 };

/** `changed`: the board's adapters or radio switches are others than at the last attempt. */
export function retry(
  state: Retry,
  now: { readonly works: boolean; readonly changed: boolean },
): readonly [Retry, attempt: boolean] {
  if (now.works) {
    const steady = Math.min(state.steady + 1, STEADY_TICKS);
    if (steady === STEADY_TICKS) return [{ ...FIRST_TRY, steady }, false];
    // It goes on to count: what starts well and fails soon, again and again, is started less often too.
    return [{ ...state, wait: Math.max(0, state.wait - 1), steady }, false];
  }
  if (state.wait > 0 && !now.changed) return [{ ...state, wait: state.wait - 1, steady: 0 }, false];
  return [{ wait: state.next, next: Math.min(state.next * 2, MAX_WAIT_TICKS), steady: 0 }, true];
}
