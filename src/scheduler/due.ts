import type { Schedule, ScheduleRecord } from '../domain/index.js';
import { nextTime } from './cron.js';

/** Both clocks, in milliseconds. */
export interface Now {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/** When the next start is due. */
export type Due =
  /** `baseMs`, Unix time: the start that is meant; `atMs`: the same, put off by its jitter, by the named clock. */
  | {
      readonly kind: 'due';
      readonly clock: 'wall' | 'monotonic';
      readonly atMs: number;
      readonly baseMs: number;
    }
  | { readonly kind: 'waits-for-clock' }
  | { readonly kind: 'never' };

/** 2025-01-01: a board whose clock shows less was not told the time since it has power. */
const CLOCK_SET_MS = Date.UTC(2025, 0, 1);
/** A clock that is set back by less repeats no start; one that is set back by more was wrong before. */
const SET_BACK_MS = 3_600_000;
/** A start that is late by more was missed: the board slept, was off, or its clock was put forward. */
export const LATE_MS = 60_000;

export function isClockSet({ wallMs }: Pick<Now, 'wallMs'>): boolean {
  return wallMs >= CLOCK_SET_MS;
}

/** The next start that has not been seen to; it may lie in the past. */
export function nextDue({ schedule, createdAtMs, lastDueMs }: ScheduleRecord, now: Now, chance: number): Due {
  const { trigger } = schedule;
  const jitterMs = Math.floor(schedule.jitterMs * chance);
  switch (trigger.kind) {
    case 'kept':
      return { kind: 'due', clock: 'monotonic', atMs: now.monotonicMs, baseMs: now.wallMs };
    case 'every': {
      const restMs = trigger.everyMs - sinceMs(lastDueMs ?? createdAtMs, now);
      const baseMs = now.wallMs + restMs;
      return { kind: 'due', clock: 'monotonic', atMs: now.monotonicMs + restMs + jitterMs, baseMs };
    }
    case 'cron':
    case 'at': {
      if (!isClockSet(now)) return { kind: 'waits-for-clock' };
      const baseMs = nextTime(trigger, seenToMs(schedule, lastDueMs ?? createdAtMs, lastDueMs, now));
      if (baseMs === undefined) return { kind: 'never' };
      return { kind: 'due', clock: 'wall', atMs: baseMs + jitterMs, baseMs };
    }
  }
}

/** Up to when the calendar was seen to, as far as the clock can be believed to have been right then. */
function seenToMs({ trigger }: Schedule, ms: number, lastDueMs: number | undefined, now: Now): number {
  // Once is once, whatever the clock was.
  if (trigger.kind === 'at' && lastDueMs !== undefined) return lastDueMs;
  return ms >= CLOCK_SET_MS && ms <= now.wallMs + SET_BACK_MS ? ms : now.wallMs;
}

/** Since a time by the calendar; none of it where the clock was set in between. */
function sinceMs(ms: number, now: Now): number {
  const isSane = isClockSet(now) && ms >= CLOCK_SET_MS && ms <= now.wallMs;
  return isSane ? now.wallMs - ms : 0;
}

/** Milliseconds until then; negative once it is past. */
export function untilMs({ clock, atMs }: Extract<Due, { kind: 'due' }>, now: Now): number {
  return atMs - (clock === 'wall' ? now.wallMs : now.monotonicMs);
}
