import { isEnded, type Clock, type RunId, type RunRecord, type Sample } from '../domain/index.js';
import { pageSamples, rateSamples, usageSamples, type Rates } from './costs.js';
import { currentPages, currentUsage, readProgress } from './footprint.js';
import type { Measured, Progress, Usage } from './footprint.js';

/** In step with what guests report. */
const EVERY_MS = 1000;
/** Pages change slowly, and cost more to count than all the rest. */
const PAGES_EVERY_US = 10_000_000;
/** A guest whose pages take long to count is looked at less often: at most 0.02 % of a core go into that. */
const PAGES_WORTH = 5000;

/** The half of a run that is needed here. */
interface SampledRun {
  readonly record: RunRecord;
  measured(now: Measured): void;
}

/**
 * Measures what each running guest costs, once a second until disposed: its resident set and its CPU time always, its
 * pages seldom. What the measuring itself costs is measured as well.
 */
export function sampleRuns(
  runs: ReadonlyMap<RunId, SampledRun>,
  clock: Clock,
  take: (run: RunRecord, samples: readonly Sample[]) => void,
  stopwatch: Stopwatch = cpuStopwatch,
): Disposable {
  const watches = new Map<RunId, Watch>();
  let busy = false;
  const timer = setInterval(() => {
    // A board that is too busy to be measured every second is not.
    if (busy) return;
    busy = true;
    for (const id of watches.keys()) if (!runs.has(id)) watches.delete(id);
    void sampleAll([...runs.values()], watches, { clock, take, stopwatch }).finally(() => {
      busy = false;
    });
  }, EVERY_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** Begins to count; what it gives is asked for the microseconds since it was last asked. */
type Stopwatch = () => () => number;

interface SamplingParts {
  readonly clock: Clock;
  readonly take: (run: RunRecord, samples: readonly Sample[]) => void;
  readonly stopwatch: Stopwatch;
}

async function sampleAll(
  runs: readonly SampledRun[],
  watches: Map<RunId, Watch>,
  { clock, take, stopwatch }: SamplingParts,
): Promise<void> {
  const spentUs = stopwatch();
  const usages = await currentUsage(runs.flatMap(({ record: { processId } }) => processId ?? []));
  const shareUs = spentUs() / Math.max(1, usages.size);
  for (const run of runs) {
    const { id, processId } = run.record;
    const usage = processId === undefined ? undefined : usages.get(processId);
    if (processId === undefined || !usage || isEnded(run.record)) continue;
    const watch = watches.get(id) ?? new Watch(clock, stopwatch);
    watches.set(id, watch);
    const samples = await watch.look(run, processId, usage, shareUs);
    if (!isEnded(run.record)) take(run.record, samples);
  }
}

/** What one run cost since its pages were last counted, and what the gateway spent on finding that out. */
class Watch {
  readonly #clock: Clock;
  readonly #stopwatch: Stopwatch;
  #since: { readonly us: number; readonly progress: Progress } | undefined;
  #nextPagesUs = 0;
  #spentUs = 0;

  constructor(clock: Clock, stopwatch: Stopwatch) {
    this.#clock = clock;
    this.#stopwatch = stopwatch;
  }

  async look(run: SampledRun, processId: number, usage: Usage, shareUs: number): Promise<readonly Sample[]> {
    const spentUs = this.#stopwatch();
    const { image } = run.record;
    const nowUs = this.#clock.monotonicUs();
    const progress = readProgress(processId);
    if (!progress) return [];
    const progressUs = spentUs();
    const pages = nowUs < this.#nextPagesUs ? undefined : await currentPages(processId);
    const pagesUs = spentUs();
    this.#spentUs += shareUs + progressUs + pagesUs;
    run.measured({ ...progress, ...pages });
    if (!pages) return usageSamples(image, usage);
    this.#nextPagesUs = nowUs + Math.max(PAGES_EVERY_US, pagesUs * PAGES_WORTH);
    const rates = this.#lap(nowUs, progress);
    return [...usageSamples(image, usage), ...pageSamples(image, pages), ...rateSamples(image, rates)];
  }

  /** Undefined the first time: a rate needs two looks. */
  #lap(us: number, progress: Progress): Rates | undefined {
    const since = this.#since;
    const spentUs = this.#spentUs;
    this.#since = { us, progress };
    this.#spentUs = 0;
    if (!since) return undefined;
    const percent = (cpuUs: number): number => (cpuUs / (us - since.us)) * 100;
    return {
      userPercent: percent((progress.cpuUserSeconds - since.progress.cpuUserSeconds) * 1e6),
      systemPercent: percent((progress.cpuSystemSeconds - since.progress.cpuSystemSeconds) * 1e6),
      samplingPercent: percent(spentUs),
    };
  }
}

/** CPU time of this whole process: never too little, since whatever else it did counts. */
function cpuStopwatch(): () => number {
  let last = process.cpuUsage();
  return () => {
    const now = process.cpuUsage();
    const spentUs = now.user - last.user + now.system - last.system;
    last = now;
    return spentUs;
  };
}
