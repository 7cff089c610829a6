import { styleText } from 'node:util';
import {
  describeEnd,
  describeFaults,
  harmless,
  seriesKey,
  type PerigeeError,
  type QueueReason,
  type RunRecord,
  type Sample,
  type StoreForecast,
  type Unit,
} from '../domain/index.js';
import { sameData } from './hints.js';

/** Standard output. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value));
}

/** Remarks for people go to standard error, so that standard output can be piped. */
export function remark(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Of a command that was given this data directory, or none. */
export function complain({ cure, message }: PerigeeError, data?: string, isNearby = false): void {
  const hint = sameData(cure, data, isNearby);
  remark(`${paint('red', 'perigee:')} ${harmless(message)}\n  ${harmless(hint)}`);
}

/** What a guest printed: as it is for a program, and harmless for a terminal. */
export function consoleText(text: string): string {
  return process.stdout.isTTY ? harmless(text) : text;
}

type Colour = 'red' | 'green' | 'yellow' | 'cyan' | 'dim' | 'bold';

/** Colour only on a terminal, and not against NO_COLOR (no-color.org). */
export function paint(colour: Colour, text: string): string {
  return process.stdout.isTTY && process.stdout.hasColors() ? styleText(colour, text) : text;
}

/** Columns as wide as their widest cell; the last is not padded. */
export function table(cells: readonly (readonly string[])[]): string {
  const rows = cells.map((row) => row.map(harmless));
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows
    .map((row) =>
      row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0))).join('  '),
    )
    .join('\n');
}

const SUFFIXES: Record<Unit, string> = {
  none: '',
  bytes: 'B',
  percent: '%',
  celsius: '°C',
  milliseconds: 'ms',
  seconds: 's',
  count: '',
  'bytes-per-second': 'B/s',
  'percent-per-second': '%/s',
  'celsius-per-second': '°C/s',
  'per-second': '/s',
  pascals: 'Pa',
  volts: 'V',
  amperes: 'A',
  watts: 'W',
  lux: 'lx',
};

const BINARY_PREFIXES = ['', 'Ki', 'Mi', 'Gi', 'Ti'] as const;

/** A value as a person reads it: three significant digits and a unit. Its twin for browsers is in src/web/page/words.js. */
export function formatValue(value: number, unit: Unit): string {
  const suffix = SUFFIXES[unit];
  if (!suffix.startsWith('B')) return `${rounded(value)}${suffix === '' ? '' : ` ${suffix}`}`;
  let scaled = value;
  let prefix = 0;
  while (Math.abs(scaled) >= 1024 && prefix < BINARY_PREFIXES.length - 1) {
    scaled /= 1024;
    prefix += 1;
  }
  return `${rounded(scaled)} ${BINARY_PREFIXES[prefix] ?? ''}${suffix}`;
}

function rounded(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

export function formatSample({ series, value }: Sample): string {
  return `${seriesKey(series)} ${formatValue(value, series.unit)}`;
}

export function describeState(run: RunRecord): string {
  const faults = describeFaults(run.faults);
  return harmless(faults === '' ? stateOf(run) : `${stateOf(run)}; ${faults}`);
}

function stateOf(run: RunRecord): string {
  if (run.state.kind === 'ended') return describeEnd(run.state.reason);
  if (run.state.kind === 'queued') return describeWait(run.state.why, Date.now() - run.requestedAtMs);
  return run.state.kind;
}

/** Its twin for browsers is in src/web/page/words.js. */
function describeWait(why: QueueReason | undefined, waitedMs: number): string {
  const waited = waitedMs >= 1000 ? ` for ${formatSpan(waitedMs)}` : '';
  if (why === undefined) return `queued${waited}`;
  const expected =
    why.expectedMs === undefined ? '' : `; at most ${formatSpan(why.expectedMs - waitedMs)} more`;
  return `queued${waited}: ${why.text}${expected}`;
}

/** A time span as a person says it: seconds, minutes or hours. */
export function formatSpan(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return seconds < 5400 ? `${rounded(seconds / 60)} min` : `${rounded(seconds / 3600)} h`;
}

/** Days as a person says them: minutes to years. */
export function formatDays(days: number): string {
  if (days < 2) return formatSpan(days * 86_400_000);
  if (days < 730) return `${rounded(days)} days`;
  return days < 365_250 ? `${rounded(days / 365.25)} years` : 'over 1000 years';
}

/** So that it stays in one line of a terminal: one that wraps could not be drawn over. */
export function cut(line: string, columns: number): string {
  return line.length < columns ? line : `${line.slice(0, Math.max(0, columns - 2))}…`;
}

/** What stands beside a metric's mean: there is no room for it where many are listed. */
export function isSideFigure(name: string): boolean {
  return /_(min|max|stddev|rate)$/.test(name);
}

/** How the growth of a store ends. */
export function describeRoom({ daysToFull, growsToBytes }: StoreForecast): string {
  if (daysToFull !== undefined) return `the disk is full in ${formatDays(daysToFull)}, if nothing else grows`;
  if (growsToBytes === undefined) return 'not known yet';
  return `up to about ${formatValue(growsToBytes, 'bytes')}, where the oldest makes room`;
}
