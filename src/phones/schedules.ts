import { isDeepStrictEqual } from 'node:util';
import type { perigee } from '@perigee/proto';
import type { GatewayControl, Schedule, ScheduleStatus } from '../domain/index.js';
import { parseSchedule } from '../requests/index.js';

/**
 * Sent again after a lost answer, it finds what it has added. @throws PerigeeError `usage`, `schedule-invalid`, `image-*`.
 */
export async function addSchedule(
  asked: perigee.v1.AddSchedule.$Properties,
  control: GatewayControl,
): Promise<ScheduleStatus> {
  const schedule = parseSchedule(requestOf(asked), 'See perigee.v1.AddSchedule.');
  const known = (await control.schedules()).find(({ name }) => name === schedule.name);
  return known !== undefined && isThe(schedule, known) ? known : control.addSchedule(schedule);
}

/** As whoever may open the control socket would say it: what is empty was not said. */
function requestOf({
  args,
  at,
  cron,
  everyMs,
  image,
  jitterMs,
  missed,
  name,
  overlap,
  priority,
  restart,
  timeLimitMs,
  zone,
}: perigee.v1.AddSchedule.$Properties): object {
  const inZone = zone ? { zone } : {};
  const trigger = cron
    ? { kind: 'cron', expression: cron, ...inZone }
    : at
      ? { kind: 'at', time: at, ...inZone }
      : { kind: 'every', everyMs: everyMs ?? 0, ...inZone };
  return {
    ...{ name: name ?? '', image: image ?? '', trigger, jitterMs: jitterMs ?? 0, priority: priority ?? 0 },
    ...(args ? { args } : {}),
    ...(missed ? { missed } : {}),
    ...(overlap ? { overlap } : {}),
    ...(restart ? { restart } : {}),
    ...(timeLimitMs ? { timeLimitMs } : {}),
  };
}

function isThe(schedule: Schedule, known: ScheduleStatus): boolean {
  return Object.entries(schedule).every(([key, value]) =>
    isDeepStrictEqual(value, known[key as keyof Schedule]),
  );
}
