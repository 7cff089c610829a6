import { Cron } from 'croner';
import { PerigeeError, reasonOf, type Trigger } from '../domain/index.js';

export type Calendar = Extract<Trigger, { kind: 'cron' | 'at' }>;

/** A line that a person reads; the longest sensible one has a third of it. */
const MAX_TEXT = 100;
const ISO_TIME = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2})(:\d{2})?(Z|[+-]\d{2}:\d{2})?$/;

/** The first time behind `afterMs` (Unix time) that is meant; undefined for none. @throws PerigeeError `schedule-invalid`. */
export function nextTime(calendar: Calendar, afterMs: number): number | undefined {
  return nextTimes(calendar, afterMs, 1)[0];
}

/** @throws PerigeeError `schedule-invalid`: the text is not understood, or there is no such zone. */
export function nextTimes(calendar: Calendar, afterMs: number, count: number): readonly number[] {
  const text = textOf(calendar);
  const { zone } = calendar;
  if (zone !== undefined && !isZone(zone)) {
    const cure = 'Give an IANA name such as Europe/Berlin or UTC, or none for the zone of the board.';
    throw invalid(`"${zone.slice(0, MAX_TEXT)}" is no time zone that this board knows`, cure);
  }
  try {
    const cron = new Cron(text, { paused: true, ...(zone === undefined ? {} : { timezone: zone }) });
    return cron.nextRuns(count, new Date(afterMs)).map((time) => time.getTime());
  } catch (cause) {
    // It begins with the name of a class of the library's.
    const why = reasonOf(cause).replace(/^Cron\w+: /, '');
    throw invalid(`"${text}" is not understood: ${why}`, cureOf(calendar), cause);
  }
}

function textOf(calendar: Calendar): string {
  const text = calendar.kind === 'cron' ? calendar.expression : calendar.time;
  if (text.length > MAX_TEXT) throw invalid(`it has more than ${MAX_TEXT} characters`, cureOf(calendar));
  if (calendar.kind === 'at' && !isTime(text)) throw invalid(`"${text}" is no time`, cureOf(calendar));
  return text;
}

/** Also of the calendar: 30 February would be taken for 2 March. */
function isTime(text: string): boolean {
  const [, minute] = ISO_TIME.exec(text) ?? [];
  const ms = Date.parse(`${minute}Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(`${minute}`);
}

function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    // The answer to the question.
    return false;
  }
}

function cureOf({ kind }: Calendar): string {
  return kind === 'cron'
    ? 'Give minute, hour, day, month and weekday, such as "0 6 * * *" for every day at six.'
    : 'Give a date and a time, such as 2026-12-01T06:00.';
}

export function invalid(message: string, cure: string, cause?: unknown): PerigeeError {
  return new PerigeeError('schedule-invalid', message, cure, { cause });
}
