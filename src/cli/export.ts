import { PerigeeError, matchesAll, resolutionFor, seriesKey, thinned } from '../domain/index.js';
import type { HistoryPoint, HistoryRequest } from '../domain/index.js';
import type { Matcher, Resolution, Series } from '../domain/index.js';
import { keepHeapSmall } from '../platform/index.js';
import type { ExportFormat } from './export-shape.js';
import { createSink } from './export-sinks.js';
import { openOutput } from './export-output.js';
import type { CommonOptions } from './options.js';
import { consoleText, print, printJson } from './output.js';
import { withStore, type StoreAccess } from './store-access.js';

type Env = Readonly<Record<string, string | undefined>>;

export interface ExportOptions extends CommonOptions {
  readonly last: number;
  /** Unix time, milliseconds; overrides `last`. */
  readonly from?: number;
  readonly to?: number;
  readonly resolution?: Resolution;
  readonly match?: readonly Matcher[];
  /** At most so many of each series, of equal spans. */
  readonly points?: number;
  readonly format?: ExportFormat;
  readonly output?: string;
}

/** Writes series as they are read: one that is named, or all that match. Without either, prints what series there are. */
export function exportSeries(env: Env, series: string | undefined, options: ExportOptions): Promise<number> {
  // Much goes through it, and little is kept.
  keepHeapSmall();
  return withStore(env, options, async (store) => {
    const range = rangeOf(options);
    const known = (await store.latest()).map((sample) => sample.series);
    if (series === undefined && options.match === undefined) {
      const show = options.json ? printJson : print;
      known
        .map(seriesKey)
        .sort()
        .forEach((name) => show(consoleText(name)));
    } else await exportAll(store, wantedOf(known, series, options.match ?? []), range, options);
    return 0;
  });
}

async function exportAll(
  store: StoreAccess,
  wanted: readonly Series[],
  range: Omit<HistoryRequest, 'series'>,
  options: ExportOptions,
): Promise<void> {
  const format = options.format ?? (options.json ? 'jsonl' : 'csv');
  const isRaw = options.points === undefined && range.resolution === 'raw';
  await using output = await openOutput(options.output, format);
  const sink = createSink(
    format,
    { series: wanted, isRaw, isOne: options.match === undefined },
    output.write,
  );
  await sink.begin();
  for (const each of wanted)
    for await (const points of pointsOf(store, { ...range, series: seriesKey(each) }, options.points))
      await sink.add(each, points);
  await sink.end();
  await output.finish();
}

function rangeOf(options: ExportOptions): Omit<HistoryRequest, 'series'> {
  const toMs = options.to ?? Date.now();
  const fromMs = options.from ?? toMs - options.last;
  if (fromMs > toMs)
    throw new PerigeeError('usage', 'the range ends before it begins', 'Give the earlier time to --from.');
  const usual = resolutionFor({ fromMs, toMs }, options.points);
  return { fromMs, toMs, resolution: options.resolution ?? usual };
}

function wantedOf(
  known: readonly Series[],
  name: string | undefined,
  matchers: readonly Matcher[],
): readonly Series[] {
  const named = known.filter((series) => name === undefined || seriesKey(series) === name);
  const found = named.filter((series) => matchesAll(series, matchers));
  if (found.length > 0) return found.toSorted((a, b) => (seriesKey(a) < seriesKey(b) ? -1 : 1));
  const what = name === undefined || named.length > 0 ? 'no series matches' : `there is no series ${name}`;
  const literal = matchers.find(({ isPattern, value }) => !isPattern && /[*?]/.test(value));
  const pattern = literal && `${literal.label}${literal.isNot ? '!~' : '=~'}${literal.value}`;
  const hint = pattern === undefined ? '' : ` A pattern is written '${pattern}'.`;
  throw new PerigeeError('usage', what, `See \`perigee export\` for those there are.${hint}`);
}

async function* pointsOf(
  store: StoreAccess,
  request: HistoryRequest,
  points: number | undefined,
): AsyncGenerator<readonly HistoryPoint[]> {
  const chunks = store.history(request);
  if (points === undefined) yield* chunks;
  else yield await thinned(chunks, request, points);
}
