import { PerigeeError, isEnded, parseScheduleName, reasonOf } from '../domain/index.js';
import type { Clock, EndReason, ImageName, Logger, RunCause, RunId, RunNews } from '../domain/index.js';
import type { RunRecord, RunRequest, Schedule, ScheduleChange, ScheduleRecord } from '../domain/index.js';
import type { ScheduleStatus, ScheduleStore, Topic } from '../domain/index.js';
import { MAX_SCHEDULES, checkSchedule } from './check.js';
import { invalid } from './cron.js';
import { isClockSet, type Now } from './due.js';
import { isKept, keptRecords } from './kept.js';
import * as jobs from './job.js';
import type { Job, Step } from './job.js';

/** What runs guests, as far as it is needed here. */
export interface Runs {
  readonly events: Pick<Topic<RunNews>, 'subscribe'>;
  readonly active: readonly RunRecord[];
  start(request: RunRequest): Promise<RunRecord>;
}

export interface SchedulerParts {
  readonly runs: Runs;
  readonly store: ScheduleStore;
  /** What the configuration keeps running. */
  readonly kept: readonly Schedule[];
  /** Starts nothing by itself: a gateway that is there for one run. */
  readonly asleep: boolean;
  /** Told which guests will be started within moments, so that they can be kept ready. */
  readonly expect: (images: ReadonlyMap<ImageName, number>) => void;
  readonly newRunId: () => RunId;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface Scheduler extends AsyncDisposable {
  list(): readonly ScheduleStatus[];
  /** @throws PerigeeError `schedule-invalid`. */
  add(schedule: Schedule): Promise<ScheduleStatus>;
  /** @throws PerigeeError `schedule-unknown`. */
  change(name: string, change: ScheduleChange): Promise<ScheduleStatus>;
}

/** A clock that is put forward is noticed so soon, and what was due then is no more than this late. */
const LONGEST_REST_MS = 30_000;
/** A board that has just been told the time begins with what waited for it. */
const CLOCK_REST_MS = 5000;
/** A start is prepared so long before: QEMU is up in a quarter of it also on a busy board. */
const LOOK_AHEAD_MS = 2000;
/** The wall clock against the monotonic one: less is drift that is being corrected. */
const SET_BACK_MS = 1000;

/** Goes on with the schedules of the store, and begins to keep running what is to be kept running. */
export async function startScheduler(parts: SchedulerParts): Promise<Scheduler> {
  const stored = await parts.store.list();
  const { forgotten, records } = keptRecords(parts.kept, stored, parts.clock.wallMs());
  const loop = new Loop(parts, [...records, ...stored.filter((record) => !isKept(record))]);
  if (!parts.asleep) for (const name of forgotten) loop.forget(name);
  return loop;
}

class Loop implements Scheduler {
  readonly #parts: SchedulerParts;
  readonly #jobs = new Map<string, Job>();
  /** Runs that jobs wait for the end of. */
  readonly #runs = new Map<RunId, string>();
  /** Starts on their way to the runner: the guests that are kept ready for them are still wanted. */
  readonly #starting = new Map<RunId, ImageName>();
  readonly #news: AsyncIterableIterator<RunNews>;
  readonly #following: Promise<void>;
  #offsetMs: number;
  #timer: NodeJS.Timeout | undefined;
  #expected: readonly ImageName[] = [];
  #closed = false;

  constructor(parts: SchedulerParts, records: readonly ScheduleRecord[]) {
    this.#parts = parts;
    this.#news = parts.runs.events.subscribe();
    this.#offsetMs = offsetOf(this.#now());
    for (const record of records) this.#open(record);
    this.#following = this.#follow();
    this.#look();
  }

  list(): readonly ScheduleStatus[] {
    const now = this.#now();
    return [...this.#jobs.values()].map((job) => jobs.statusOf(job, now));
  }

  async add(schedule: Schedule): Promise<ScheduleStatus> {
    const name = parseScheduleName(schedule.name);
    if (this.#jobs.has(name))
      throw invalid(`there is a schedule ${name} already`, `Remove it first: perigee schedule rm ${name}`);
    if (this.#jobs.size - this.#parts.kept.length >= MAX_SCHEDULES)
      throw invalid(`there are ${MAX_SCHEDULES} schedules already`, 'Remove one: perigee schedule ls');
    const now = this.#now();
    checkSchedule(schedule, now.wallMs);
    const record: ScheduleRecord = { schedule, createdAtMs: now.wallMs, paused: false };
    this.#open(record);
    try {
      await this.#parts.store.put(record);
    } catch (error) {
      this.#jobs.delete(name);
      throw error;
    }
    this.#look();
    return this.#statusOf(name);
  }

  async change(name: string, change: ScheduleChange): Promise<ScheduleStatus> {
    const job = this.#jobs.get(name);
    if (!job)
      throw new PerigeeError(
        'schedule-unknown',
        `there is no schedule ${name.slice(0, 64)}`,
        'See perigee schedule ls',
      );
    if (change === 'remove') return this.#remove(name, job);
    const [now, chance] = [this.#now(), Math.random()];
    const changed = {
      pause: () => jobs.pause(job),
      resume: () => jobs.resume(job, now, chance),
      clear: () => jobs.clear(job, now, chance),
    }[change]();
    this.#jobs.set(name, changed);
    const { paused } = changed.record;
    if (paused || !isKept(changed.record)) await this.#parts.store.put(changed.record);
    else await this.#parts.store.remove(name);
    this.#look();
    return this.#statusOf(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#news.return?.();
    await this.#following;
  }

  async #remove(name: string, job: Job): Promise<ScheduleStatus> {
    if (isKept(job.record))
      throw invalid(
        `${name} is kept running by the configuration`,
        `Take it out of keepRunning, or pause it: perigee schedule pause ${name}`,
      );
    await this.#parts.store.remove(name);
    this.#jobs.delete(name);
    this.#look();
    return jobs.statusOf(job, this.#now());
  }

  #statusOf(name: string): ScheduleStatus {
    const job = this.#jobs.get(name);
    if (!job)
      throw new PerigeeError('schedule-unknown', `${name} was removed meanwhile`, 'See perigee schedule ls');
    return jobs.statusOf(job, this.#now());
  }

  #open(record: ScheduleRecord): void {
    const { name } = record.schedule;
    const going = this.#parts.runs.active.find(
      (run) => !isEnded(run) && !this.#runs.has(run.id) && isOf(run, record.schedule),
    );
    if (going) this.#runs.set(going.id, name);
    this.#jobs.set(name, jobs.openJob(record, this.#now(), Math.random(), going?.id));
  }

  async #follow(): Promise<void> {
    for await (const item of this.#news) {
      if (item.kind !== 'changed' || item.run.state.kind !== 'ended') continue;
      this.#onEnded(item.run.id, item.run.state.reason, item.run.boot.endedMs ?? 0);
    }
  }

  #onEnded(run: RunId, reason: EndReason, lastedMs: number): void {
    const name = this.#runs.get(run);
    this.#runs.delete(run);
    const job = name === undefined ? undefined : this.#jobs.get(name);
    if (name === undefined || !job || this.#closed) return;
    const now = this.#now();
    const end = { reason, lastedMs, endedAtMs: now.monotonicMs };
    const step = jobs.ended(job, run, end, now, Math.random());
    const { crashLoop } = step.job.record;
    if (crashLoop)
      this.#parts.logger.error(
        { schedule: name, run, ...crashLoop },
        `it is not started again, since it fails again and again: perigee schedule clear ${name}`,
      );
    this.#take(name, job, step);
    this.#look();
  }

  /** Sees to all that is due, and rests until something may be. */
  #look(): void {
    if (this.#closed || this.#parts.asleep) return;
    const now = this.#now();
    const setBack = offsetOf(now) < this.#offsetMs - SET_BACK_MS;
    this.#offsetMs = offsetOf(now);
    for (const [name, before] of this.#jobs) {
      const job = setBack ? jobs.clockSetBack(before, now, Math.random()) : before;
      this.#take(name, job, jobs.look(job, now, Math.random()));
    }
    this.#expect();
    this.#rest(now);
  }

  #take(name: string, before: Job, { job, start }: Step): void {
    this.#jobs.set(name, job);
    if (job.record !== before.record && !isKept(job.record)) this.#keep(job.record);
    if (start && !this.#parts.asleep) this.#start(name, job, start.restart);
  }

  #keep(record: ScheduleRecord): void {
    this.#stored(record.schedule.name, this.#parts.store.put(record));
  }

  /** A pause of what is not kept running any more. */
  forget(name: string): void {
    this.#stored(name, this.#parts.store.remove(name));
  }

  #stored(schedule: string, change: Promise<void>): void {
    change.catch((error: unknown) => {
      this.#parts.logger.error({ schedule }, `was not stored: ${reasonOf(error)}`);
    });
  }

  #start(name: string, job: Job, restart: number): void {
    const id = this.#parts.newRunId();
    const { args, image, priority, timeLimitMs } = job.record.schedule;
    this.#runs.set(id, name);
    if (this.#expected.includes(image)) this.#starting.set(id, image);
    this.#jobs.set(name, jobs.started(job, id));
    const request: RunRequest = {
      ...{ id, image, priority, cause: causeOf(job.record.schedule, restart) },
      ...(args === undefined ? {} : { args }),
      ...(timeLimitMs === undefined ? {} : { timeLimitMs }),
    };
    this.#parts.runs
      .start(request)
      .catch((error: unknown) => {
        this.#parts.logger.error(
          { schedule: name, run: id, image },
          `could not be started: ${reasonOf(error)}`,
        );
        this.#onEnded(id, { kind: 'host-refused', detail: reasonOf(error) }, 0);
      })
      .finally(() => {
        this.#starting.delete(id);
        this.#expect();
      });
  }

  #expect(): void {
    if (this.#closed) return;
    const now = this.#now();
    const soon = [...this.#jobs.values()].filter(
      (job) => (jobs.restToServeMs(job, now) ?? Infinity) <= LOOK_AHEAD_MS,
    );
    const images = [...soon.map((job) => job.record.schedule.image), ...this.#starting.values()].toSorted();
    if (images.join() === this.#expected.join()) return;
    this.#expected = images;
    const counts = new Map<ImageName, number>();
    for (const image of images) counts.set(image, (counts.get(image) ?? 0) + 1);
    this.#parts.expect(counts);
  }

  #rest(now: Now): void {
    clearTimeout(this.#timer);
    const rests = [...this.#jobs.values()].flatMap((job) => {
      if (job.due.kind === 'waits-for-clock') return [CLOCK_REST_MS];
      const rest = jobs.restMs(job, now);
      const prepared = (jobs.restToServeMs(job, now) ?? 0) - LOOK_AHEAD_MS;
      return [...(rest === undefined ? [] : [rest]), ...(prepared > 0 ? [prepared] : [])];
    });
    if (rests.length === 0) return;
    // Rounded up: a timer that comes a little early would only be set again.
    const ms = Math.ceil(Math.min(LONGEST_REST_MS, ...rests));
    this.#timer = setTimeout(() => this.#look(), ms);
  }

  #now(): Now {
    const { clock } = this.#parts;
    return { wallMs: clock.wallMs(), monotonicMs: clock.monotonicUs() / 1000 };
  }
}

function offsetOf(now: Now): number {
  // A clock that was never set and then is has not been set back.
  return isClockSet(now) ? now.wallMs - now.monotonicMs : -Infinity;
}

function causeOf({ name, trigger }: Schedule, restart: number): RunCause {
  const again = restart === 0 ? {} : { restart };
  return trigger.kind === 'kept' ? { kind: 'kept', ...again } : { kind: 'schedule', name, ...again };
}

function isOf({ cause, image }: RunRecord, schedule: Schedule): boolean {
  if (schedule.trigger.kind === 'kept') return cause?.kind === 'kept' && image === schedule.image;
  return cause?.kind === 'schedule' && cause.name === schedule.name;
}
