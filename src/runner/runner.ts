import { join } from 'node:path';
import { PerigeeError, Topic, isEnded, reasonOf } from '../domain/index.js';
import type { Clock, ConsoleDecoder, GuestDecoder, Image, Logger, Observation } from '../domain/index.js';
import type {
  Architecture,
  GatewayId,
  RunId,
  RunJournal,
  RunNews,
  RunRecord,
  RunRequest,
  Sample,
  VmSpec,
} from '../domain/index.js';
import { openConsoleLog } from './console-log.js';
import { bootSamples, endSamples, usageSamples } from './costs.js';
import { currentUsage } from './footprint.js';
import { markOf } from './marks.js';
import { startVm } from './monitors.js';
import { Run, type RunParts } from './run.js';

export interface RunnerParts {
  readonly journal: RunJournal;
  readonly catalogue: {
    get(name: string): Promise<Image>;
    verify(image: Image, architecture: Architecture): Promise<number>;
  };
  readonly architecture: Architecture;
  readonly gatewayId: GatewayId;
  /** The value of PATH: where a monitor's program is found that has no folder. */
  readonly searchPath: string;
  readonly spec: (image: Image, args: string, id: RunId) => VmSpec;
  readonly decoder: (image: Image) => GuestDecoder;
  /** For an image that reports by lines on its console. */
  readonly lines: (image: Image) => ConsoleDecoder;
  /** Begins the image's sensor feed; disposed at the end of the run. */
  readonly feed: (image: Image, send: (frame: Uint8Array) => boolean) => Disposable;
  readonly stopFrame: Uint8Array;
  /** Takes every observation that guests, or the cost of guests, give rise to. */
  readonly record: (observation: Observation) => void;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly logDirectory: string;
  readonly maxRuns: number;
}

/** How often the cost of each running guest is measured: once a second, in step with what guests report. */
const COST_INTERVAL_MS = 1000;

/** Runs guests. Every run is journaled before its process exists, and ended before this is disposed. */
export interface Runner extends AsyncDisposable {
  readonly events: Topic<RunNews>;
  readonly active: readonly RunRecord[];
  /** Runs started since this runner was made. */
  readonly started: number;
  /**
   * Resolves when QEMU has been started; a request repeated with the same id starts nothing and gives its record.
   * @throws PerigeeError `image-*`, `run-refused`.
   */
  start(request: RunRequest): Promise<RunRecord>;
  /** Resolves when nothing is left of it. @throws PerigeeError `run-unknown`. */
  stop(id: RunId): Promise<RunRecord>;
}

export function createRunner(parts: RunnerParts): Runner {
  return new QemuRunner(parts);
}

/** Answers for runs that have just ended, whose last record the journal may not have yet. */
const RECENT_RUNS = 64;

class QemuRunner implements Runner {
  readonly events = new Topic<RunNews>((news) => news.kind === 'changed');
  readonly #parts: RunnerParts;
  readonly #runs = new Map<RunId, Run>();
  readonly #starting = new Map<RunId, Promise<RunRecord>>();
  readonly #recent = new Map<RunId, RunRecord>();
  readonly #costs: NodeJS.Timeout;
  #started = 0;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    this.#costs = setInterval(() => void recordCosts(parts, this.#runs), COST_INTERVAL_MS);
  }

  get active(): readonly RunRecord[] {
    return [...this.#runs.values()].map((run) => run.record);
  }

  get started(): number {
    return this.#started;
  }

  async start(request: RunRequest): Promise<RunRecord> {
    const record = this.#runs.get(request.id)?.record ?? (await this.#startOnce(request));
    if (record.image === request.image) return record;
    const message = `run ${request.id} is a run of ${record.image}, not of ${request.image}`;
    throw new PerigeeError('usage', message, 'Make a new id for a new run.');
  }

  async stop(id: RunId): Promise<RunRecord> {
    // A run that is being started is stopped as soon as it has been; its start may still be refused.
    await this.#starting.get(id)?.catch(() => undefined);
    const run = this.#runs.get(id);
    await run?.stop('user');
    const record = run?.record ?? this.#recent.get(id) ?? (await this.#parts.journal.get(id));
    if (record) return record;
    const cure = 'See `perigee ps --all` for the runs there are.';
    throw new PerigeeError('run-unknown', `there is no run ${id}`, cure);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#costs);
    await Promise.allSettled(this.#starting.values());
    await Promise.all([...this.#runs.values()].map((run) => run.stop('user')));
    this.events.close();
  }

  #startOnce(request: RunRequest): Promise<RunRecord> {
    const again = this.#starting.get(request.id);
    if (again) return again;
    const accepted = this.#begin(request).finally(() => this.#starting.delete(request.id));
    this.#starting.set(request.id, accepted);
    return accepted;
  }

  async #begin(request: RunRequest): Promise<RunRecord> {
    const { architecture, catalogue, clock, journal, maxRuns, spec: specOf } = this.#parts;
    const requestedUs = clock.monotonicUs();
    const known = this.#recent.get(request.id) ?? (await journal.get(request.id));
    if (known) return known;
    // This request is among those that are starting.
    if (this.#runs.size + this.#starting.size > maxRuns) throw tooMany(maxRuns);
    const image = await catalogue.get(request.image);
    const imageBytes = await catalogue.verify(image, architecture);
    const spec = specOf(image, request.args ?? '', request.id);
    const record = queuedRecord(request.id, image, imageBytes, spec, this.#parts);
    const run = this.#prepare(record, requestedUs, image, spec);
    // Before the process exists, so that a gateway that is killed in between knows what to look for.
    await journal.put(run.record);
    this.#runs.set(request.id, run);
    run.start();
    this.#started += 1;
    void run.ended.then(() => this.#forget(run));
    return run.record;
  }

  #prepare(record: RunRecord, requestedUs: number, image: Image, spec: VmSpec): Run {
    const { clock, decoder, gatewayId, lines, logDirectory, logger, searchPath, stopFrame } = this.#parts;
    const mark = markOf(gatewayId, record.id);
    const run: Run = new Run(record, requestedUs, {
      startVm: (each, listener) => startVm(each, listener, { searchPath, mark }),
      ...{ image, spec, clock, stopFrame, decoder: decoder(image) },
      ...(image.metrics === 'lines' ? { lines: lines(image) } : {}),
      ...observers(this.#parts, this.events, image, (frame) => run.send(frame)),
      log: openConsoleLog(join(logDirectory, `${record.id}.log`), (error) => {
        logger.error({ run: record.id }, `its console is not kept: ${reasonOf(error)}`);
      }),
    });
    return run;
  }

  #forget({ record }: Run): void {
    this.#runs.delete(record.id);
    this.#recent.set(record.id, record);
    const [oldest] = this.#recent.keys();
    if (this.#recent.size > RECENT_RUNS && oldest !== undefined) this.#recent.delete(oldest);
  }
}

/** Where a run's news go: the journal, the store, the sensor feed, and whoever follows. */
function observers(
  parts: RunnerParts,
  events: Topic<RunNews>,
  image: Image,
  send: (frame: Uint8Array) => boolean,
): Pick<RunParts, 'changed' | 'report' | 'console' | 'fault'> {
  let feed: Disposable | undefined;
  let state: RunRecord['state']['kind'] = 'queued';
  return {
    changed(run) {
      journal(parts, run);
      // A record also changes within a state, when its guest becomes ready.
      const entered = run.state.kind === state ? undefined : run.state.kind;
      state = run.state.kind;
      if (entered === 'booted') feed = parts.feed(image, send);
      if (entered === 'reporting') record(parts, run, bootSamples(run));
      if (run.state.kind === 'ended') {
        feed?.[Symbol.dispose]();
        record(parts, run, endSamples(run));
        parts.logger.info({ run: run.id, image: run.image, reason: run.state.reason }, 'run ended');
      }
      events.publish({ kind: 'changed', run });
    },
    report(run, { samples, windowEndUs }) {
      record(parts, run, samples);
      events.publish({ kind: 'report', run, windowEndUs, samples });
    },
    console: (run, text) => events.publish({ kind: 'console', id: run.id, text }),
    fault: (run, detail) => parts.logger.warn({ run: run.id, image: run.image }, `a bad frame: ${detail}`),
  };
}

function journal(parts: RunnerParts, run: RunRecord): void {
  parts.journal.put(run).catch((error: unknown) => {
    parts.logger.error({ run: run.id }, `a run record was not stored: ${reasonOf(error)}`);
  });
}

function record({ clock, record: take }: RunnerParts, run: RunRecord, samples: readonly Sample[]): void {
  if (samples.length === 0) return;
  take({ monotonicUs: clock.monotonicUs(), wallMs: clock.wallMs(), runId: run.id, samples });
}

async function recordCosts(parts: RunnerParts, runs: ReadonlyMap<RunId, Run>): Promise<void> {
  for (const run of runs.values()) {
    const { processId, image } = run.record;
    const usage = processId === undefined ? undefined : await currentUsage(processId);
    if (!usage || isEnded(run.record)) continue;
    run.measure();
    record(parts, run.record, usageSamples(image, usage));
  }
}

function queuedRecord(
  id: RunId,
  image: Image,
  imageBytes: number,
  spec: VmSpec,
  { clock }: RunnerParts,
): RunRecord {
  return {
    id,
    image: image.name,
    imageVersion: image.version,
    imageSha256: digestOf(image, spec.architecture),
    imageBytes,
    architecture: spec.architecture,
    accelerator: spec.accelerator,
    commandLine: [],
    requestedAtMs: clock.wallMs(),
    state: { kind: 'queued' },
    boot: {},
    faults: { badFrames: 0, droppedValues: 0 },
  };
}

/** Of the kernel, or of the disk where that is all there is. */
function digestOf(image: Image, architecture: Architecture): string {
  const boot = image.boot[architecture];
  return boot?.kernel?.sha256 ?? boot?.disk?.sha256 ?? '';
}

function tooMany(limit: number): PerigeeError {
  const message = `as many guests run already as this gateway runs at once (${limit})`;
  return new PerigeeError(
    'run-refused',
    message,
    'Stop one (`perigee ps`, `perigee stop`) or raise runner.maxRuns.',
  );
}
