import { PerigeeError, parseImageName, usualMissed } from '../domain/index.js';
import type { Schedule, ScheduleChange, ScheduleState, ScheduleStatus, Trigger } from '../domain/index.js';
import { sameData } from './hints.js';
import { runningGateway, type CommonOptions } from './options.js';
import { formatSpan, print, printJson, table } from './output.js';

type Env = Readonly<Record<string, string | undefined>>;

export interface AddOptions {
  readonly cron?: string;
  readonly every?: number;
  readonly at?: string;
  readonly zone?: string;
  readonly jitter: number;
  readonly missed?: Schedule['missed'];
  readonly overlap: Schedule['overlap'];
  readonly restart: Schedule['restart'];
  readonly timeLimit?: number;
  readonly priority: number;
  readonly args?: string;
}

export async function list(env: Env, options: CommonOptions): Promise<number> {
  const schedules = await runningGateway(env, options).schedules();
  if (options.json) printJson(schedules);
  else
    print(
      table([
        ['NAME', 'IMAGE', 'WHEN', 'NEXT', 'LAST RUN', 'STATE'],
        ...schedules.map((each) => row(each, options)),
      ]),
    );
  return 0;
}

export async function add(
  env: Env,
  name: string,
  image: string,
  options: CommonOptions & AddOptions,
): Promise<number> {
  return show(await runningGateway(env, options).addSchedule(scheduleOf(name, image, options)), options);
}

/** What the options say. @throws PerigeeError `usage`, `image-unknown`. */
export function scheduleOf(name: string, image: string, options: AddOptions): Schedule {
  const { args, jitter, missed, overlap, priority, restart, timeLimit } = options;
  const trigger = triggerOf(options);
  return {
    ...{ name, image: parseImageName(image), trigger, jitterMs: jitter },
    ...{ overlap, restart, priority, missed: missed ?? usualMissed(trigger) },
    ...(args === undefined ? {} : { args }),
    ...(timeLimit === undefined ? {} : { timeLimitMs: timeLimit }),
  };
}

export async function change(
  env: Env,
  name: string,
  what: ScheduleChange,
  options: CommonOptions,
): Promise<number> {
  const changed = await runningGateway(env, options).changeSchedule(name, what);
  if (what !== 'remove' || options.json) return show(changed, options);
  print(`${name} is removed`);
  return 0;
}

function show(schedule: ScheduleStatus, options: CommonOptions): number {
  if (options.json) printJson(schedule);
  else {
    const next =
      schedule.dueAtMs === undefined
        ? ''
        : `, next ${formatTime(schedule.dueAtMs, zoneOf(schedule.trigger))}`;
    print(
      `${schedule.name} ${schedule.image}: ${describeState(schedule.state, schedule.name, options)}${next}`,
    );
  }
  return 0;
}

function triggerOf({ at, cron, every, zone }: AddOptions): Trigger {
  const inZone = zone === undefined ? {} : { zone };
  const triggers: readonly Trigger[] = [
    ...(cron === undefined ? [] : [{ kind: 'cron' as const, expression: cron, ...inZone }]),
    ...(every === undefined ? [] : [{ kind: 'every' as const, everyMs: every }]),
    ...(at === undefined ? [] : [{ kind: 'at' as const, time: at, ...inZone }]),
  ];
  const [trigger] = triggers;
  if (trigger?.kind === 'every' && zone !== undefined) {
    const cure = 'Leave out --zone, or give --cron, which is of the calendar.';
    throw new PerigeeError('usage', 'an interval has no time zone', cure);
  }
  if (trigger && triggers.length === 1) return trigger;
  throw new PerigeeError(
    'usage',
    'a schedule has one of --cron, --every and --at',
    'perigee schedule add --help shows an example.',
  );
}

function row(schedule: ScheduleStatus, options: CommonOptions): readonly string[] {
  const { dueAtMs, image, last, name, skipped, state, trigger } = schedule;
  const next = dueAtMs === undefined ? '-' : formatTime(dueAtMs, zoneOf(trigger));
  const out = skipped === 0 ? '' : `; ${skipped} fell out, the run before went on`;
  return [
    name,
    image,
    describeTrigger(trigger),
    next,
    last?.text ?? '-',
    `${describeState(state, name, options)}${out}`,
  ];
}

function zoneOf(trigger: Trigger): string | undefined {
  return 'zone' in trigger ? trigger.zone : undefined;
}

function describeTrigger(trigger: Trigger): string {
  const zone = zoneOf(trigger);
  const inZone = zone === undefined ? '' : ` ${zone}`;
  switch (trigger.kind) {
    case 'kept':
      return 'kept running';
    case 'cron':
      return `${trigger.expression}${inZone}`;
    case 'every':
      return `every ${formatSpan(trigger.everyMs)}`;
    case 'at':
      return `once, ${trigger.time}${inZone}`;
  }
}

function describeState(state: ScheduleState, name: string, options: CommonOptions): string {
  switch (state.kind) {
    case 'running':
      return `running ${state.run}`;
    case 'restarting':
      return `starts again soon, after ${state.failures} short or failed runs`;
    case 'waits-for-clock':
      return 'waits until the clock is set';
    case 'crash-loop':
      return `stopped: ${state.failures} failures within ${formatSpan(state.withinMs)}; ${sameData(`mend it, then perigee schedule clear ${name}`, options.data)}`;
    case 'waiting':
    case 'over':
      return state.kind;
    case 'paused':
      return state.run === undefined ? 'paused' : `paused; ${state.run} goes on`;
  }
}

/** 2026-06-01 06:00:00 CEST: in the zone of the schedule, or else of whoever looks. */
function formatTime(unixMs: number, zone: string | undefined): string {
  const inZone = zone === undefined ? {} : { timeZone: zone };
  const time = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium', ...inZone });
  const parts = new Intl.DateTimeFormat('en-GB', { timeZoneName: 'short', ...inZone }).formatToParts(unixMs);
  return `${time.format(unixMs)} ${parts.find(({ type }) => type === 'timeZoneName')?.value ?? ''}`;
}
