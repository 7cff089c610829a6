import { isBluetoothAddress } from '@perigee/gatt';
import { InvalidArgumentError, Option } from 'commander';
import { HIGHEST_PRIORITY, LOWEST_PRIORITY, complaintOfArgs } from '../domain/index.js';

const UNITS_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** What setTimeout can wait for. */
const MAX_DURATION_MS = 2 ** 31 - 1;

/** Milliseconds of 30s, 5m, 1h or 2d. */
export function parseDuration(text: string): number {
  const ms = milliseconds(text);
  if (ms > 0 && ms <= MAX_DURATION_MS) return Math.ceil(ms);
  throw new InvalidArgumentError('Give a time such as 30s, 5m or 1h, of 24 days at most.');
}

/** NaN of what is no time. */
function milliseconds(text: string): number {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)(s|m|h|d)$/.exec(text);
  return Number(match?.[1]) * (UNITS_MS[match?.[2] ?? ''] ?? NaN);
}

export function priorityOption(): Option {
  const range = `${LOWEST_PRIORITY} to ${HIGHEST_PRIORITY}`;
  return new Option('--priority <number>', `where runs wait, higher first: ${range}`)
    .argParser((text) => {
      const priority = /^-?\d$/.test(text) ? Number(text) : NaN;
      if (priority >= LOWEST_PRIORITY && priority <= HIGHEST_PRIORITY) return priority;
      throw new InvalidArgumentError(`Give a whole number from ${range}.`);
    })
    .default(0);
}

/** A guest's command line, or what is added to it. */
export function parseArgs(text: string): string {
  const complaint = complaintOfArgs(text);
  if (complaint === undefined) return text;
  throw new InvalidArgumentError(`They ${complaint}.`);
}

/** Text of so many characters. */
export function parseText(most: number): (text: string) => string {
  return (text) => {
    if (text.length > 0 && text.length <= most) return text;
    throw new InvalidArgumentError(`Give 1 to ${most} characters; this has ${text.length}.`);
  };
}

/** As `parseDuration`, of so much at most. */
export function parseDurationUpTo(mostMs: number): (text: string) => number {
  return (text) => {
    const ms = parseDuration(text);
    if (ms <= mostMs) return ms;
    throw new InvalidArgumentError(`Give ${mostMs / DAY_MS} days at most.`);
  };
}

const DAY_MS = 86_400_000;
/** Before there were boards; a time that far back is still one that a date can say. */
const MAX_SPAN_DAYS = 99_999;

/** Of the past: it may be years. */
export function parseSpan(text: string): number {
  const ms = milliseconds(text);
  if (ms > 0 && ms <= MAX_SPAN_DAYS * DAY_MS) return Math.ceil(ms);
  throw new InvalidArgumentError(`Give a time such as 30s, 24h or 7d, of ${MAX_SPAN_DAYS} days at most.`);
}

/** Unix time, milliseconds. */
export function parseTime(text: string): number {
  const ms = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : NaN;
  if (!Number.isNaN(ms)) return ms;
  throw new InvalidArgumentError('Give a time such as 2026-11-27T12:00:00Z or 2026-11-27.');
}

export function parseCount(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Give a number of lines.');
}

/** ADDRESS=HEX of a device that encrypts what it says to everyone: its address in lower case, and the key. */
export function parseBthomeKey(text: string): readonly [address: string, key: Uint8Array] {
  const [address = '', key = '', ...rest] = text.split('=');
  if (!isBluetoothAddress(address) || !/^[0-9a-f]{32}$/i.test(key) || rest.length > 0)
    throw new InvalidArgumentError('Give the address, =, and the key of 32 hexadecimal digits.');
  return [address.toLowerCase(), new Uint8Array(Buffer.from(key, 'hex'))];
}
