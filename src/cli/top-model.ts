import { isEnded, seriesKey } from '../domain/index.js';
import type {
  GatewayStatus,
  LatestSample,
  RunId,
  RunNews,
  RunRecord,
  Sample,
  Unit,
} from '../domain/index.js';
import { isSideFigure } from './output.js';

/** A minute of a guest that reports each second. */
const HISTORY_MAX = 60;
/** How long a run that has ended is still shown. */
const ENDED_SHOWN_MS = 10_000;

export interface TopRun {
  readonly run: RunRecord;
  readonly cpuPercent?: number;
  readonly rssBytes?: number;
  readonly pssBytes?: number;
}

export interface TopMetric {
  readonly series: string;
  readonly unit: Unit;
  readonly value: number;
  /** The newest values since this began to look, oldest first. */
  readonly history: readonly number[];
}

export interface TopSnapshot {
  /** Unix time, milliseconds. */
  readonly atMs: number;
  readonly status: GatewayStatus;
  /** Those that wait for a place too. */
  readonly runs: readonly TopRun[];
  /** Of the runs that go on, by name. */
  readonly metrics: readonly TopMetric[];
}

type Costs = Pick<TopRun, 'cpuPercent' | 'rssBytes' | 'pssBytes'>;

/** By which series a cost is told. */
const COSTS: Readonly<Record<string, keyof Costs>> = {
  run_cpu: 'cpuPercent',
  run_rss: 'rssBytes',
  run_pss: 'pssBytes',
};

interface KnownRun {
  run: RunRecord;
  costs: Costs;
  endedAtMs?: number;
}

interface KnownMetric {
  readonly unit: Unit;
  readonly history: number[];
  value: number;
  runId: RunId | undefined;
}

/** What is known of runs and metrics: first what there is, and then all that is told. */
export class TopModel {
  readonly #runs = new Map<RunId, KnownRun>();
  readonly #metrics = new Map<string, KnownMetric>();

  begin(runs: readonly RunRecord[], latest: readonly LatestSample[]): void {
    for (const run of runs) if (!isEnded(run)) this.#note(run, 0);
    for (const sample of latest) this.#measured(sample, sample.runId);
  }

  take(news: RunNews, nowMs: number): void {
    if (news.kind === 'console') return;
    const known = this.#note(news.run, nowMs);
    if (news.kind === 'cost')
      for (const { series, value } of news.samples) {
        const cost = COSTS[series.name];
        if (cost !== undefined) known.costs = { ...known.costs, [cost]: value };
      }
    else if (news.kind === 'report') for (const sample of news.samples) this.#measured(sample, news.run.id);
  }

  snapshot(status: GatewayStatus, nowMs: number): TopSnapshot {
    for (const [id, { endedAtMs }] of this.#runs)
      if (endedAtMs !== undefined && nowMs - endedAtMs > ENDED_SHOWN_MS) this.#forget(id);
    const metrics = [...this.#metrics]
      .filter(([, { runId }]) => runId !== undefined && this.#runs.has(runId))
      .map(([series, { unit, value, history }]) => ({ series, unit, value, history: [...history] }))
      .sort((a, b) => (a.series < b.series ? -1 : 1));
    const runs = Array.from(this.#runs.values(), ({ run, costs }) => ({ run, ...costs }));
    return { atMs: nowMs, status, runs, metrics };
  }

  #note(run: RunRecord, nowMs: number): KnownRun {
    const known = this.#runs.get(run.id) ?? { run, costs: {} };
    known.run = run;
    if (isEnded(run)) known.endedAtMs ??= nowMs;
    this.#runs.set(run.id, known);
    return known;
  }

  #measured({ series, value }: Sample, runId: RunId | undefined): void {
    if (isSideFigure(series.name) || series.name.startsWith('run_')) return;
    const key = seriesKey(series);
    const known = this.#metrics.get(key) ?? { unit: series.unit, history: [], value, runId };
    known.value = value;
    known.runId = runId;
    known.history.push(value);
    if (known.history.length > HISTORY_MAX) known.history.shift();
    this.#metrics.set(key, known);
  }

  /** Its metrics stay: the next run of the image goes on with them. */
  #forget(id: RunId): void {
    this.#runs.delete(id);
  }
}
