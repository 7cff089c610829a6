import { describeEnd } from '../domain/index.js';
import type { RunId, ScheduleRecord, ScheduleStatus } from '../domain/index.js';
import { LATE_MS, nextDue, untilMs, type Due, type Now } from './due.js';
import { NO_RUNS, afterRun, type EndedRun, type RestartState } from './restart.js';

export type Phase =
  | { readonly kind: 'idle' }
  | { readonly kind: 'running'; readonly run: RunId }
  /** `atMs`: monotonic. */
  | { readonly kind: 'restarting'; readonly atMs: number };

/** One schedule, or one image that is kept running, at work. A value: what happens makes another of it. */
export interface Job {
  readonly record: ScheduleRecord;
  readonly phase: Phase;
  readonly due: Due;
  readonly restarts: RestartState;
  /** A start that was due waits for the end of the run before it; one, however many were due. */
  readonly pending: boolean;
  readonly skipped: number;
}

/** What is to be done now: a run, and which one in a row of restarts; 0 for a start that was due. */
export interface Step {
  readonly job: Job;
  readonly start?: { readonly restart: number };
}

/** `going`: a run of it that goes on already, under this gateway or taken over from the one before. */
export function openJob(record: ScheduleRecord, now: Now, chance: number, going?: RunId): Job {
  const job = { record, restarts: NO_RUNS, pending: false, skipped: 0 };
  if (going !== undefined)
    return { ...job, phase: { kind: 'running', run: going }, due: afterStart(record, now, chance) };
  return { ...job, phase: { kind: 'idle' }, due: nextDue(record, now, chance) };
}

/** What is due by now. The caller says which run came of a start with `started`. */
export function look(job: Job, now: Now, chance: number): Step {
  const { due, phase, record } = job;
  if (isHalted(record)) return { job };
  if (due.kind === 'waits-for-clock') return { job: { ...job, due: nextDue(record, now, chance) } };
  if (due.kind === 'due' && untilMs(due, now) <= 0) return onDue(job, due, now, chance);
  if (phase.kind === 'restarting' && phase.atMs <= now.monotonicMs)
    return { job: { ...job, phase: { kind: 'idle' } }, start: { restart: job.restarts.streak } };
  return { job };
}

function onDue(job: Job, due: Extract<Due, { kind: 'due' }>, now: Now, chance: number): Step {
  const { overlap, missed } = job.record.schedule;
  const late = untilMs(due, now) < -LATE_MS;
  const seen = late ? lastMissed(job.record, due, now) : due.baseMs;
  const record = { ...job.record, lastDueMs: seen };
  const next = { ...job, record, due: afterStart(record, now, chance) };
  if (late && missed === 'skip') return { job: next };
  if (job.phase.kind === 'idle') return { job: next, start: { restart: 0 } };
  if (overlap === 'queue') return { job: { ...next, pending: true } };
  return { job: { ...next, skipped: job.skipped + 1 } };
}

/** An interval keeps its beat over starts that were missed; of the calendar, what is hardly late is not missed yet. */
function lastMissed({ schedule }: ScheduleRecord, { baseMs }: { baseMs: number }, now: Now): number {
  const { missed, trigger } = schedule;
  if (trigger.kind === 'at') return baseMs;
  if (trigger.kind === 'every')
    return baseMs + Math.floor((now.wallMs - baseMs) / trigger.everyMs) * trigger.everyMs;
  return missed === 'skip' ? now.wallMs - LATE_MS : now.wallMs;
}

/** What is kept running is started once; the restart policy does the rest. */
function afterStart(record: ScheduleRecord, now: Now, chance: number): Due {
  return record.schedule.trigger.kind === 'kept' ? { kind: 'never' } : nextDue(record, now, chance);
}

export function started(job: Job, run: RunId): Job {
  return { ...job, phase: { kind: 'running', run } };
}

/** The run of the job has ended. `chance`: see `afterRun`. */
export function ended(job: Job, run: RunId, end: EndedRun, now: Now, chance: number): Step {
  const { state, next } = afterRun(job.restarts, end, job.record.schedule.restart, chance);
  const last = { run, text: describeEnd(end.reason), endedAtMs: now.wallMs };
  const record = { ...job.record, last };
  const idle: Job = { ...job, record, restarts: state, pending: false, phase: { kind: 'idle' } };
  switch (next.kind) {
    case 'crash-loop': {
      const { failures, withinMs } = next;
      return { job: { ...idle, record: { ...record, crashLoop: { failures, withinMs } } } };
    }
    case 'again':
      return isHalted(record)
        ? { job: idle }
        : {
            job: {
              ...idle,
              pending: job.pending,
              phase: { kind: 'restarting', atMs: now.monotonicMs + next.afterMs },
            },
          };
    case 'done': {
      const rested = { ...idle, restarts: { ...state, streak: 0 } };
      return job.pending && !isHalted(record) ? { job: rested, start: { restart: 0 } } : { job: rested };
    }
  }
}

/** Nothing is started until `resume`; a run that goes on is left alone. */
export function pause(job: Job): Job {
  const phase: Phase = job.phase.kind === 'restarting' ? { kind: 'idle' } : job.phase;
  return { ...job, phase, pending: false, record: { ...job.record, paused: true } };
}

/** What was due during the pause was not missed: it was not wanted. */
export function resume(job: Job, now: Now, chance: number): Job {
  return anew(job, { ...job.record, paused: false }, now, chance);
}

/** Forgets all failures: what stands still, or is to be restarted some time later, may start at once. */
export function clear(job: Job, now: Now, chance: number): Job {
  const { crashLoop, ...record } = job.record;
  const cleared = { ...job, restarts: NO_RUNS };
  if (job.phase.kind === 'restarting')
    return { ...cleared, record, phase: { kind: 'restarting', atMs: now.monotonicMs } };
  return crashLoop === undefined ? cleared : anew(cleared, record, now, chance);
}

function anew(job: Job, record: ScheduleRecord, now: Now, chance: number): Job {
  const { trigger } = record.schedule;
  const seen =
    trigger.kind === 'kept' || trigger.kind === 'at' ? record : { ...record, lastDueMs: now.wallMs };
  const running = job.phase.kind === 'running';
  return { ...job, record: seen, due: (running ? afterStart : nextDue)(seen, now, chance) };
}

/** The clock was set back: what was computed by it is computed again. */
export function clockSetBack(job: Job, now: Now, chance: number): Job {
  return job.due.kind === 'due' && job.due.clock === 'wall'
    ? { ...job, due: nextDue(job.record, now, chance) }
    : job;
}

/** Until something is to be looked at again; undefined for nothing that time brings. */
export function restMs({ due, phase, record }: Job, now: Now): number | undefined {
  if (isHalted(record)) return undefined;
  const rests = [
    ...(due.kind === 'due' ? [untilMs(due, now)] : []),
    ...(phase.kind === 'restarting' ? [phase.atMs - now.monotonicMs] : []),
  ];
  return rests.length === 0 ? undefined : Math.max(0, Math.min(...rests));
}

/**
 * Until a start that a guest which is kept ready would serve: one that is due, without arguments of its own. Undefined
 * for none, and for one that falls out as things are.
 */
export function restToServeMs({ due, phase, record }: Job, now: Now): number | undefined {
  const { args = '', trigger } = record.schedule;
  if (isHalted(record) || due.kind !== 'due' || trigger.kind === 'kept') return undefined;
  return args === '' && phase.kind === 'idle' ? untilMs(due, now) : undefined;
}

function isHalted({ crashLoop, paused }: ScheduleRecord): boolean {
  return paused || crashLoop !== undefined;
}

export function statusOf(job: Job, now: Now): ScheduleStatus {
  const { due, phase, record, skipped } = job;
  const { crashLoop, last, paused, schedule } = record;
  const restart = phase.kind === 'restarting' ? phase.atMs - now.monotonicMs : undefined;
  const until = restart ?? (due.kind === 'due' ? untilMs(due, now) : undefined);
  const isDue = until !== undefined && !paused && crashLoop === undefined;
  return {
    ...schedule,
    state: stateOf(job),
    ...(isDue ? { dueAtMs: Math.round(now.wallMs + until) } : {}),
    ...(last === undefined ? {} : { last }),
    skipped,
  };
}

function stateOf({ due, phase, record, restarts }: Job): ScheduleStatus['state'] {
  const { crashLoop, paused } = record;
  if (crashLoop) return { kind: 'crash-loop', ...crashLoop };
  if (paused) return { kind: 'paused', ...(phase.kind === 'running' ? { run: phase.run } : {}) };
  if (phase.kind === 'running') return phase;
  if (phase.kind === 'restarting') return { kind: 'restarting', failures: restarts.streak };
  if (due.kind === 'waits-for-clock') return due;
  return { kind: due.kind === 'never' ? 'over' : 'waiting' };
}
