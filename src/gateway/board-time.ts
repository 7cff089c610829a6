import type { WallTime } from '@perigee/gatt';
import type { Clock } from '../domain/index.js';
import { isClockSet } from '../scheduler/index.js';

/** Two clocks drift apart by less between two looks. */
const SET_MS = 2000;

export interface BoardTime {
  /** In the board's own zone; undefined while its clock was never set. */
  now(): WallTime | undefined;
  /** Unix time; undefined while its clock was never set. */
  unixSeconds(): number | undefined;
  /** Whether somebody has set the clock since the last look. */
  wasSet(): boolean;
}

export function boardTime(clock: Clock): BoardTime {
  const offsetMs = (): number => clock.wallMs() - clock.monotonicUs() / 1000;
  let known = offsetMs();
  return {
    now() {
      const wallMs = clock.wallMs();
      if (!isClockSet({ wallMs })) return undefined;
      const date = new Date(wallMs);
      return {
        ...{ year: date.getFullYear(), month: date.getMonth() + 1, day: date.getDate() },
        ...{ hours: date.getHours(), minutes: date.getMinutes(), seconds: date.getSeconds() },
        // Sunday is the seventh day there, and day 0 here.
        weekday: date.getDay() === 0 ? 7 : date.getDay(),
      };
    },
    unixSeconds() {
      const wallMs = clock.wallMs();
      return isClockSet({ wallMs }) ? Math.floor(wallMs / 1000) : undefined;
    },
    wasSet() {
      const before = known;
      known = offsetMs();
      return Math.abs(known - before) >= SET_MS;
    },
  };
}
