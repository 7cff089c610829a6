import type { perigee } from '@perigee/proto';
import type { Role, ScheduleChange, Trigger } from '../domain/index.js';
import { showInvitation } from './invitation.js';
import { withSession, type NearbyOptions } from './nearby-visit.js';
import { formatSpan, print, printJson, table } from './output.js';
import { scheduleOf, type AddOptions } from './schedule.js';

type Env = Readonly<Record<string, string | undefined>>;
type ScheduleLine = perigee.v1.ScheduleLine.$Properties;

export async function schedules(env: Env, options: NearbyOptions): Promise<number> {
  return withSession(env, options, async (session) => {
    show(await session.schedules(), options);
  });
}

export async function change(
  env: Env,
  name: string,
  what: ScheduleChange,
  options: NearbyOptions,
): Promise<number> {
  return withSession(env, options, async (session) => {
    show([await session.changeSchedule(name, what)], options);
  });
}

export async function add(
  env: Env,
  name: string,
  image: string,
  options: NearbyOptions & AddOptions,
): Promise<number> {
  const { args, jitterMs, timeLimitMs, trigger, ...rest } = scheduleOf(name, image, options);
  return withSession(env, options, async (session) => {
    const added = await session.addSchedule({
      ...{ ...rest, jitterMs, ...triggerOf(trigger) },
      ...(args === undefined ? {} : { args }),
      ...(timeLimitMs === undefined ? {} : { timeLimitMs }),
    });
    show([added], options);
  });
}

function triggerOf(
  trigger: Trigger,
): Pick<perigee.v1.AddSchedule.$Properties, 'at' | 'cron' | 'everyMs' | 'zone'> {
  const zone = 'zone' in trigger ? { zone: trigger.zone } : {};
  switch (trigger.kind) {
    case 'cron':
      return { cron: trigger.expression, ...zone };
    case 'at':
      return { at: trigger.time, ...zone };
    case 'every':
      return { everyMs: trigger.everyMs };
    case 'kept':
      return {};
  }
}

/** For a technician who may enrol others: the code is shown here, and scanned from here. */
export async function invite(
  env: Env,
  name: string,
  options: NearbyOptions & { readonly role: Role; readonly grant?: number; readonly valid: number },
): Promise<number> {
  return withSession(env, options, async (session) => {
    const { grant = 0, role, valid } = options;
    const invited = await session.invite({ name, role, grantMs: grant, validMs: valid });
    if (options.json) printJson(invited);
    else showInvitation(name, { link: invited.link ?? '', validMs: invited.validMs ?? 0 });
  });
}

function show(lines: readonly ScheduleLine[], options: NearbyOptions): void {
  if (options.json) printJson(lines);
  else print(table([['NAME', 'IMAGE', 'WHEN', 'NEXT', 'LAST RUN', 'STATE'], ...lines.map(row)]));
}

function row(line: ScheduleLine): readonly string[] {
  const { dueAtMs, image, last, name, state } = line;
  const next = dueAtMs == null ? '-' : new Date(dueAtMs).toISOString();
  return [name, image, whenOf(line), next, last === '' ? '-' : last, state].map((cell) => cell ?? '');
}

function whenOf({ at, cron, everyMs, zone }: ScheduleLine): string {
  const inZone = zone ? ` ${zone}` : '';
  if (cron) return `${cron}${inZone}`;
  if (everyMs) return `every ${formatSpan(everyMs)}`;
  return at ? `once, ${at}${inZone}` : 'kept running';
}
