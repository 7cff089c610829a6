import { perigee } from '@perigee/proto';
import { PerigeeError, seriesKey } from '../domain/index.js';
import type { Resolution } from '../domain/index.js';
import { keepHeapSmall } from '../platform/index.js';
import { download, fetchHistory, pointsOf, seriesIn } from '../nearby/index.js';
import type { Visit } from '../nearby/index.js';
import { openOutput } from './export-output.js';
import type { ExportFormat } from './export-shape.js';
import { createSink } from './export-sinks.js';
import { valueRow } from './nearby-data.js';
import { withVisits, type NearbyOptions } from './nearby-visit.js';
import { print, printJson, table } from './output.js';
import { TransferMeter } from './transfer-meter.js';

type Env = Readonly<Record<string, string | undefined>>;

export interface HistoryOptions {
  readonly last: number;
  /** Unix time, milliseconds; overrides `last`. */
  readonly from?: number;
  readonly to?: number;
  readonly resolution: Resolution;
  readonly format?: ExportFormat;
  readonly output?: string;
}

/** What `perigee export` prints of the same series and range; without a series, what series there are, with their newest values. */
export function history(
  env: Env,
  names: readonly string[],
  options: NearbyOptions & HistoryOptions,
): Promise<number> {
  keepHeapSmall();
  return withVisits(env, options, async (visit) => {
    if (names.length === 0) await listSeries(visit, options);
    else await write(visit, names, options);
    return 0;
  });
}

async function listSeries(visit: () => Promise<Visit>, options: NearbyOptions): Promise<void> {
  const { newest } = perigee.v1.SeriesList.decode(await download(visit, { series: {} }));
  if (options.json) printJson(newest);
  else print(table(newest.map(valueRow)));
}

async function write(
  visit: () => Promise<Visit>,
  names: readonly string[],
  options: NearbyOptions & HistoryOptions,
): Promise<void> {
  const toMs = options.to ?? Date.now();
  const fromMs = options.from ?? toMs - options.last;
  if (fromMs > toMs)
    throw new PerigeeError('usage', 'the range ends before it begins', 'Give the earlier time to --from.');
  const asked = { series: names, fromMs, toMs, resolution: options.resolution };
  const meter = new TransferMeter(asked, () => performance.now());
  const histories = [];
  for await (const part of fetchHistory(visit, asked, { tell: meter.tell })) {
    histories.push(part);
    meter.fetched(part.packed.toMs);
  }
  meter.end();
  const known = seriesIn(histories);
  const wanted = names.map((name) => known.get(name) ?? unknown(name));
  const format = options.format ?? (options.json ? 'jsonl' : 'csv');
  await using output = await openOutput(options.output, format);
  const shape = { series: wanted, isRaw: options.resolution === 'raw', isOne: wanted.length === 1 };
  const sink = createSink(format, shape, output.write);
  await sink.begin();
  for (const series of wanted)
    for await (const points of pointsOf(histories, seriesKey(series))) await sink.add(series, points);
  await sink.end();
  await output.finish();
}

function unknown(name: string): never {
  throw new PerigeeError(
    'usage',
    `the gateway has no series ${name}`,
    'See `perigee nearby history` for those it has.',
  );
}
