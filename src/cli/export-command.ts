import { InvalidArgumentError, Option, type Command } from 'commander';
import { RESOLUTIONS, parseMatcher, type Matcher } from '../domain/index.js';
import { command, type Act } from './command.js';
import type { ExportOptions } from './export.js';
import { EXPORT_FORMATS } from './export-shape.js';
import { parseSpan, parseTime } from './parse.js';

export function addExportCommand(program: Command, action: Act): void {
  command(
    program,
    'export',
    'Print what was measured, as CSV, JSON lines or Parquet; without a series, what series there are.',
    `perigee export --match 'series=~cpu_*' --match image=hostsense --last 7d --points 500`,
  )
    .argument('[series]', 'as `perigee export` lists it')
    .option('--match <condition>', "image=hello, image!=hello, 'series=~temp*'; all must hold", addMatcher)
    .option('--last <time>', 'up to now: 30m, 24h, 7d', parseSpan, parseSpan('1h'))
    .option('--from <time>', 'from this time on, as 2026-11-27T12:00Z', parseTime)
    .option('--to <time>', 'up to this time', parseTime)
    .addOption(new Option('--resolution <span>', 'what a row spans (default: raw)').choices(RESOLUTIONS))
    .option('--points <number>', 'at most so many rows a series, each with its least and most', parsePoints)
    .addOption(new Option('--format <format>', 'default: csv, or jsonl with --json').choices(EXPORT_FORMATS))
    .option(
      '-o, --output <file>',
      'write there, or with - to standard output; a file has its name once it is whole',
    )
    .action(
      action<[string | undefined, ExportOptions]>(async (env, series, options) =>
        (await import('./export.js')).exportSeries(env, series, options),
      ),
    );
}

function addMatcher(text: string, before: readonly Matcher[] = []): readonly Matcher[] {
  const matcher = parseMatcher(text);
  if (matcher !== undefined) return [...before, matcher];
  throw new InvalidArgumentError('Give a condition such as image=hello, image!=hello or series=~temp*.');
}

/** Each is in memory, for one series at a time. */
const POINTS_MAX = 1_000_000;

function parsePoints(text: string): number {
  const points = /^\d{1,7}$/.test(text) ? Number(text) : 0;
  if (points >= 1 && points <= POINTS_MAX) return points;
  throw new InvalidArgumentError(`Give a whole number from 1 to ${POINTS_MAX}.`);
}
