import { perigee } from '@perigee/proto';
import { harmless } from '../domain/index.js';
import type { HistoryPoint, Resolution, Unit } from '../domain/index.js';
import { download } from '../nearby/index.js';
import { createSink } from './export-sinks.js';
import { withSession, withVisits, type NearbyOptions } from './nearby-visit.js';
import { formatSpan, formatValue, print, printJson, table } from './output.js';

type Env = Readonly<Record<string, string | undefined>>;

export interface HistoryOptions {
  readonly last: number;
  /** Unix time, milliseconds; overrides `last`. */
  readonly from?: number;
  readonly to?: number;
  readonly resolution: Resolution;
}

/** One series as CSV, or with --json an object a line; without a series, what series there are and their newest values. */
export async function history(
  env: Env,
  series: string | undefined,
  options: NearbyOptions & HistoryOptions,
): Promise<number> {
  const { last, resolution } = options;
  const toMs = options.to ?? Date.now();
  const range = { series: series ?? '', fromMs: options.from ?? toMs - last, toMs, resolution };
  return withVisits(env, options, async (visit) => {
    if (series === undefined) {
      const { newest } = perigee.v1.SeriesList.decode(await download(visit, { series: {} }));
      if (options.json) printJson(newest);
      else print(table(newest.map(valueRow)));
      return 0;
    }
    const points = pointsOf(perigee.v1.HistoryColumns.decode(await download(visit, { history: range })));
    const shape = { series: [], isRaw: resolution === 'raw', isOne: true };
    const write = (piece: string | Uint8Array): Promise<void> =>
      Promise.resolve(void process.stdout.write(piece));
    const sink = createSink(options.json ? 'jsonl' : 'csv', shape, write);
    await sink.begin();
    await sink.add({ name: series, labels: {}, unit: 'none' }, points);
    await sink.end();
    return 0;
  });
}

/** News of some series, as runs report them, until Ctrl-C. */
export async function watch(env: Env, series: readonly string[], options: NearbyOptions): Promise<number> {
  return withSession(env, options, async (session) => {
    for await (const news of session.watch(series)) {
      const values = news.values ?? [];
      if (options.json) values.forEach((value) => printJson(value));
      else values.forEach((value) => print(valueRow(value).join(' ')));
    }
  });
}

/** How the gateway is. */
export async function status(env: Env, options: NearbyOptions): Promise<number> {
  return withSession(env, options, async (session) => {
    const state = await session.state();
    if (options.json) {
      printJson(state);
      return;
    }
    const { activeRuns = 0, epoch, lostObservations = 0, queuedRuns = 0, version } = state;
    const failing = state.crashLoops ?? [];
    print(
      table([
        [
          'Version',
          `${version ?? ''}, start ${epoch ?? 0}, up for ${formatSpan((state.uptimeSeconds ?? 0) * 1000)}`,
        ],
        ['Guests', `${activeRuns}, of which ${queuedRuns} wait`],
        ['Stored', `${state.samplesStored ?? 0} samples; ${lostObservations} observations were lost`],
        ['Recording', harmless(state.recordingText ?? '')],
        ['Backend', state.sync ?? ''],
        ...(failing.length === 0 ? [] : [['Stopped', `fail again and again: ${failing.join(', ')}`]]),
      ]),
    );
  });
}

function valueRow({ series, unit, value }: perigee.v1.SeriesValue.$Properties): readonly string[] {
  return [harmless(series ?? ''), formatValue(value ?? NaN, unit as Unit)];
}

/** Columns run in step; what is missing in one ends all. Of samples, the figures that are not sent are the value. */
function pointsOf(columns: perigee.v1.HistoryColumns): readonly HistoryPoint[] {
  let wallMs = 0;
  return columns.wallMs.slice(0, columns.last.length).map((delta, i) => {
    wallMs += delta;
    const last = columns.last[i] ?? NaN;
    const [count = 1, sum = last, least = last, most = last] = [
      ...[columns.count[i], columns.sum[i], columns.least[i], columns.most[i]],
    ];
    return { wallMs, count, sum, least, most, last };
  });
}
