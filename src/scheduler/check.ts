import type { PerigeeError, Schedule, Trigger } from '../domain/index.js';
import { invalid, nextTimes } from './cron.js';

/** A board of this kind does a few things regularly: more is a program that adds and never removes. */
export const MAX_SCHEDULES = 64;
/**
 * Between two starts. Starting costs a board about 0.1 s of a core and a handful of writes to its card each time; what
 * is to be measured more often is measured by a guest that stays.
 */
const MIN_PERIOD_MS = 10_000;
/** More than a minute has seconds, so that the closest two of a cron expression are among them. */
const LOOKED_AT = 64;

/** @throws PerigeeError `schedule-invalid`: it would never start anything, or too much. */
export function checkSchedule({ jitterMs, trigger }: Schedule, nowMs: number): void {
  const periodMs = periodOf(trigger, nowMs);
  if (periodMs < MIN_PERIOD_MS) throw tooOften(periodMs);
  if (jitterMs > periodMs) {
    const text = `its jitter of ${seconds(jitterMs)} is longer than the ${seconds(periodMs)} between two starts`;
    throw invalid(text, 'Give a shorter --jitter.');
  }
}

/** The shortest time between two starts; endless for one alone. */
function periodOf(trigger: Trigger, nowMs: number): number {
  if (trigger.kind === 'kept') return Infinity;
  if (trigger.kind === 'every') return trigger.everyMs;
  const times = nextTimes(trigger, nowMs, LOOKED_AT);
  if (times.length === 0) throw neverStarts(trigger);
  return times.slice(1).reduce((least, time, index) => Math.min(least, time - (times[index] ?? 0)), Infinity);
}

function neverStarts(trigger: Extract<Trigger, { kind: 'cron' | 'at' }>): PerigeeError {
  return trigger.kind === 'at'
    ? invalid(`${trigger.time} is over`, 'Give a time that is to come.')
    : invalid(
        `"${trigger.expression}" never comes: no such day is in the calendar`,
        'Correct its day or month.',
      );
}

function tooOften(periodMs: number): PerigeeError {
  const text = `it would start a run every ${seconds(periodMs)}, and ${seconds(MIN_PERIOD_MS)} is the least`;
  const cure = 'Keep a guest running that reports so often (keepRunning), or start one less often.';
  return invalid(text, cure);
}

function seconds(ms: number): string {
  return `${ms / 1000} s`;
}
