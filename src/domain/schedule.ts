import { PerigeeError } from './errors.js';
import type { ImageName, RunId } from './ids.js';

export const RESTART_POLICIES = ['never', 'on-failure', 'always'] as const;
export type RestartPolicy = (typeof RESTART_POLICIES)[number];

/** When a schedule starts a run. */
export type Trigger =
  /** At the start of the gateway, and whenever the restart policy says so: from the configuration, and stored only while it is paused. */
  | { readonly kind: 'kept' }
  /** `zone`: an IANA name; absent for the board's own. */
  | { readonly kind: 'cron'; readonly expression: string; readonly zone?: string }
  | { readonly kind: 'every'; readonly everyMs: number }
  /** Once. `time`: ISO 8601, in the zone where it names none itself. */
  | { readonly kind: 'at'; readonly time: string; readonly zone?: string };

export interface Schedule {
  /** Lower-case letters, digits and hyphens, a letter first. */
  readonly name: string;
  readonly image: ImageName;
  readonly args?: string;
  readonly trigger: Trigger;
  /** Each start is put off by a random time of at most this. */
  readonly jitterMs: number;
  /** What is done about starts that were due while nobody could see to them: nothing, or one run for all. */
  readonly missed: 'skip' | 'run-once';
  /** What a start does that is due while the run before it goes on. */
  readonly overlap: 'skip' | 'queue';
  readonly restart: RestartPolicy;
  readonly priority: number;
  /** At most this long, beside what the image itself allows. */
  readonly timeLimitMs?: number;
}

/** Of an interval or a single time nobody wants to have missed it; of the calendar, the next one comes. */
export function usualMissed(trigger: Trigger): Schedule['missed'] {
  return trigger.kind === 'cron' ? 'skip' : 'run-once';
}

/** Failures in such numbers that nothing is started again until a person says so. */
export interface CrashLoop {
  readonly failures: number;
  readonly withinMs: number;
}

/** A schedule with what a restarted gateway has to know of it. */
export interface ScheduleRecord {
  readonly schedule: Schedule;
  readonly createdAtMs: number;
  readonly paused: boolean;
  /** The newest start that was seen to, by the calendar: neither it nor one before it comes again. */
  readonly lastDueMs?: number;
  readonly crashLoop?: CrashLoop;
  readonly last?: LastRun;
}

export interface LastRun {
  readonly run: RunId;
  /** How it ended, as a person reads it. */
  readonly text: string;
  readonly endedAtMs: number;
}

export type ScheduleState =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'running'; readonly run: RunId }
  /** Its run failed, and is started again. */
  | { readonly kind: 'restarting'; readonly failures: number }
  /** The board does not know yet what time it is. */
  | { readonly kind: 'waits-for-clock' }
  /** `run`: one that had begun before, and goes on. */
  | { readonly kind: 'paused'; readonly run?: RunId }
  /** Nothing is due any more. */
  | { readonly kind: 'over' }
  | ({ readonly kind: 'crash-loop' } & CrashLoop);

export interface ScheduleStatus extends Schedule {
  readonly state: ScheduleState;
  /** Unix time, milliseconds, of its next start. */
  readonly dueAtMs?: number;
  readonly last?: LastRun;
  /** Starts that fell out since the gateway began, because the run before them went on. */
  readonly skipped: number;
}

export const SCHEDULE_CHANGES = ['pause', 'resume', 'clear', 'remove'] as const;
export type ScheduleChange = (typeof SCHEDULE_CHANGES)[number];

/** The schedules that survive a restart; a put replaces the one of the same name. */
export interface ScheduleStore {
  /** In the order of their names. One that cannot be read is left out, and logged. */
  list(): Promise<readonly ScheduleRecord[]>;
  put(record: ScheduleRecord): Promise<void>;
  remove(name: string): Promise<void>;
}

const SCHEDULE_NAME = /^[a-z][a-z0-9-]{0,31}$/;

export function parseScheduleName(text: string): string {
  if (SCHEDULE_NAME.test(text)) return text;
  const rule = 'Use at most 32 lower-case letters, digits and hyphens, a letter first.';
  throw new PerigeeError('schedule-invalid', `"${text}" is no name of a schedule`, rule);
}
