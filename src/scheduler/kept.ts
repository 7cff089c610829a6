import type { Schedule, ScheduleRecord } from '../domain/index.js';

export interface KeptRecords {
  readonly records: readonly ScheduleRecord[];
  /** Names of pauses in the store that pause nothing any more. */
  readonly forgotten: readonly string[];
}

/**
 * What the configuration keeps running, and what of it a person paused under an earlier gateway: only that is stored of
 * it. A name that a schedule has already gets a number.
 */
export function keptRecords(
  kept: readonly Schedule[],
  stored: readonly ScheduleRecord[],
  createdAtMs: number,
): KeptRecords {
  const pauses = stored.filter(isKept);
  const taken = new Set(stored.filter((record) => !isKept(record)).map(({ schedule }) => schedule.name));
  const records = kept.map((schedule): ScheduleRecord => {
    const name = freeName(schedule.name, taken);
    taken.add(name);
    const paused = pauses.some(
      (pause) => pause.schedule.name === name && pause.schedule.image === schedule.image,
    );
    return { schedule: { ...schedule, name }, createdAtMs, paused };
  });
  const used = new Set(records.filter(({ paused }) => paused).map(({ schedule }) => schedule.name));
  const forgotten = pauses.map(({ schedule }) => schedule.name).filter((name) => !used.has(name));
  return { records, forgotten };
}

export function isKept({ schedule }: Pick<ScheduleRecord, 'schedule'>): boolean {
  return schedule.trigger.kind === 'kept';
}

function freeName(name: string, taken: ReadonlySet<string>): string {
  let free = name;
  for (let count = 2; taken.has(free); count += 1) free = `${name}-${count}`;
  return free;
}
