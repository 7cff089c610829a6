import * as v from 'valibot';
import { RESTART_POLICIES, isImageName, type ImageName } from '../../domain/index.js';
import type { Logger, RunId, ScheduleRecord, ScheduleStore } from '../../domain/index.js';
import { put, remove, type Database, type Operation } from '../database/database.js';
import { readingFailed } from '../database/level-errors.js';
import { jsonBytes, parseJson } from '../format/codec.js';
import * as keys from '../format/keys.js';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const time = v.pipe(v.number(), v.finite());
const runId = v.pipe(
  v.string(),
  v.transform((text) => text as RunId),
);

const trigger = v.variant('kind', [
  v.object({ kind: v.literal('kept') }),
  v.object({ kind: v.literal('cron'), expression: v.string(), zone: v.exactOptional(v.string()) }),
  v.object({ kind: v.literal('every'), everyMs: v.pipe(count, v.minValue(1)) }),
  v.object({ kind: v.literal('at'), time: v.string(), zone: v.exactOptional(v.string()) }),
]);

const schedule = v.object({
  name: v.string(),
  image: v.custom<ImageName>((name) => typeof name === 'string' && isImageName(name)),
  args: v.exactOptional(v.string()),
  trigger,
  jitterMs: count,
  missed: v.picklist(['skip', 'run-once']),
  overlap: v.picklist(['skip', 'queue']),
  restart: v.picklist(RESTART_POLICIES),
  priority: v.pipe(v.number(), v.safeInteger()),
  timeLimitMs: v.exactOptional(count),
});

/** Keys that a later version adds are left out, so that an older one reads on. */
const scheduleRecord = v.object({
  schedule,
  createdAtMs: time,
  paused: v.boolean(),
  lastDueMs: v.exactOptional(time),
  crashLoop: v.exactOptional(v.object({ failures: count, withinMs: count })),
  last: v.exactOptional(v.object({ run: runId, text: v.string(), endedAtMs: time })),
}) satisfies v.GenericSchema<unknown, ScheduleRecord>;

interface Parts {
  readonly db: Database;
  readonly path: string;
  readonly logger: Logger;
  readonly write: (operation: Operation) => Promise<void>;
}

/** The schedules within the store's database: a JSON text each. */
export function levelSchedules({ db, path, logger, write }: Parts): ScheduleStore {
  return {
    async list() {
      try {
        const found = await db.values(keys.rangeOf('schedule')).all();
        return found.flatMap((bytes) => {
          const parsed = v.safeParse(scheduleRecord, parseJson(bytes));
          if (!parsed.success) logger.warn({ path }, 'a schedule cannot be read');
          return parsed.success ? [parsed.output] : [];
        });
      } catch (error) {
        throw readingFailed(path, error);
      }
    },
    put: (record) => {
      const bytes = jsonBytes(record);
      return write(put(keys.scheduleKeyOf(record.schedule.name), bytes));
    },
    remove: (name) => write(remove(keys.scheduleKeyOf(name))),
  };
}
