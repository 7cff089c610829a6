import { isFailure, type CrashLoop, type EndReason, type RestartPolicy } from '../domain/index.js';

/** What fails at once is tried again soon, and what always fails costs next to nothing. */
export const FIRST_PAUSE_MS = 1000;
export const LONGEST_PAUSE_MS = 60_000;
/** A run that lasted this long was no failure to start: the next pause is a short one again. */
export const STEADY_MS = 60_000;
/** So many failures within so long are no accident: then nothing is started until a person has looked. */
export const FAILURES_MAX = 5;
export const FAILURES_WITHIN_MS = 600_000;

/** What is remembered of the runs before. Times are monotonic. */
export interface RestartState {
  /** Short runs in a row. */
  readonly streak: number;
  readonly failedAtMs: readonly number[];
}

export const NO_RUNS: RestartState = { streak: 0, failedAtMs: [] };

export interface EndedRun {
  readonly reason: EndReason;
  readonly lastedMs: number;
  readonly endedAtMs: number;
}

export type Next =
  | { readonly kind: 'again'; readonly afterMs: number }
  | { readonly kind: 'done' }
  | ({ readonly kind: 'crash-loop' } & CrashLoop);

/** What follows the end of a run. `chance`, from 0 to 1: images that fail together are not all started together again. */
export function afterRun(
  before: RestartState,
  { reason, lastedMs, endedAtMs }: EndedRun,
  policy: RestartPolicy,
  chance: number,
): { readonly state: RestartState; readonly next: Next } {
  const failed = isFailure(reason);
  const recent = before.failedAtMs.filter((atMs) => endedAtMs - atMs < FAILURES_WITHIN_MS);
  const failedAtMs = failed ? [...recent, endedAtMs] : recent;
  const state = { streak: lastedMs >= STEADY_MS ? 0 : before.streak + 1, failedAtMs };
  if (failed && failedAtMs.length >= FAILURES_MAX) {
    return { state, next: { kind: 'crash-loop', failures: failedAtMs.length, withinMs: FAILURES_WITHIN_MS } };
  }
  if (policy === 'never' || (policy === 'on-failure' && !failed)) return { state, next: { kind: 'done' } };
  return { state, next: { kind: 'again', afterMs: pauseMs(state.streak, chance) } };
}

/** Twice as long each time; half of it by chance. */
function pauseMs(streak: number, chance: number): number {
  const wholeMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.max(0, streak - 1));
  return wholeMs * (1 - chance / 2);
}
