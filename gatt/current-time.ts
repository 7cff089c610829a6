/** A moment as a clock on the wall shows it, where it hangs. */
export interface WallTime {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hours: number;
  readonly minutes: number;
  readonly seconds: number;
  /** 1 for Monday to 7 for Sunday. */
  readonly weekday: number;
}

const CURRENT_TIME_BYTES = 10;

/**
 * Current Time (0x2A2B), as the GATT Specification Supplement has it; all zeros, which are "not known", for a clock that
 * was never set.
 *
 * grammar: year:u16le month:u8 day:u8 hours:u8 minutes:u8 seconds:u8 weekday:u8 fractions256:u8 reason:u8
 */
export function encodeCurrentTime(time: WallTime | undefined): Uint8Array {
  const bytes = new Uint8Array(CURRENT_TIME_BYTES);
  if (time === undefined) return bytes;
  const { day, hours, minutes, month, seconds, weekday, year } = time;
  bytes.set([year & 0xff, year >> 8, month, day, hours, minutes, seconds, weekday]);
  return bytes;
}

/** Undefined where it is not known, and for what is no time. */
export function decodeCurrentTime(bytes: Uint8Array): WallTime | undefined {
  const [low = 0, high = 0, month = 0, day = 0, hours = 0, minutes = 0, seconds = 0, weekday = 0] = bytes;
  const year = low | (high << 8);
  const isTime =
    bytes.length === CURRENT_TIME_BYTES &&
    year >= 1582 &&
    within(month, 1, 12) &&
    within(day, 1, 31) &&
    within(hours, 0, 23) &&
    within(minutes, 0, 59) &&
    within(seconds, 0, 59) &&
    within(weekday, 0, 7);
  return isTime ? { year, month, day, hours, minutes, seconds, weekday } : undefined;
}

function within(value: number, least: number, most: number): boolean {
  return value >= least && value <= most;
}
