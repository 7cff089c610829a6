import * as v from 'valibot';
import {
  HIGHEST_PRIORITY,
  LOWEST_PRIORITY,
  PerigeeError,
  complaintOfArgs,
  parseImageName,
  usualMissed,
  type Schedule,
} from '../domain/index.js';

/** What setTimeout can wait for: some weeks. */
const MAX_SPAN_MS = 2 ** 31 - 1;
/** What reads it says what it takes; this only bounds it. */
const shortText = v.pipe(v.string(), v.maxLength(128));
const span = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(MAX_SPAN_MS));

/** Added to a guest's command line. */
export const guestArgs = v.pipe(
  v.string(),
  v.check(
    (text) => complaintOfArgs(text) === undefined,
    ({ input }) => `args ${complaintOfArgs(input)}`,
  ),
);

const scheduleRequest = v.strictObject({
  name: shortText,
  image: shortText,
  args: v.exactOptional(guestArgs),
  trigger: v.variant('kind', [
    v.strictObject({ kind: v.literal('cron'), expression: shortText, zone: v.exactOptional(shortText) }),
    v.strictObject({ kind: v.literal('every'), everyMs: v.pipe(span, v.minValue(1)) }),
    v.strictObject({ kind: v.literal('at'), time: shortText, zone: v.exactOptional(shortText) }),
  ]),
  jitterMs: v.optional(span, 0),
  missed: v.exactOptional(v.picklist(['skip', 'run-once'])),
  overlap: v.optional(v.picklist(['skip', 'queue']), 'skip'),
  restart: v.optional(v.picklist(['never', 'on-failure']), 'never'),
  priority: v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(LOWEST_PRIORITY), v.maxValue(HIGHEST_PRIORITY)),
    0,
  ),
  timeLimitMs: v.exactOptional(v.pipe(span, v.minValue(1))),
});

/** @throws PerigeeError `usage`, `image-unknown`. */
export function parseSchedule(asked: unknown, cure: string): Schedule {
  const parsed = v.safeParse(scheduleRequest, asked);
  if (!parsed.success) {
    const [{ message, path = [] }] = parsed.issues;
    const key = path.map((item) => String(item.key)).join('.');
    throw new PerigeeError('usage', `the schedule is not valid: ${key}: ${message}`, cure);
  }
  const { image, missed, ...rest } = parsed.output;
  return { ...rest, image: parseImageName(image), missed: missed ?? usualMissed(rest.trigger) };
}
