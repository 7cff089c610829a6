import { join } from 'node:path';
import { PerigeeError, Topic, isEnded, reasonOf } from '../domain/index.js';
import type { Clock, GuestDecoder, Image, Logger, Observation } from '../domain/index.js';
import type {
  Architecture,
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
import { Run, type RunParts } from './run.js';

export interface RunnerParts {
  readonly journal: RunJournal;
  readonly catalogue: {
    get(name: string): Promise<Image>;
    verify(image: Image, architecture: Architecture): Promise<number>;
  };
  readonly architecture: Architecture;
  readonly spec: (image: Image, args: string, id: RunId) => VmSpec;
  readonly decoder: (image: Image) => GuestDecoder;
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
  const events = new Topic<RunNews>();
  const runs = new Map<RunId, Run>();
  const starting = new Map<RunId, Promise<RunRecord>>();
  let started = 0;
  const costs = setInterval(() => void recordCosts(parts, runs), COST_INTERVAL_MS);

  async function begin(request: RunRequest): Promise<RunRecord> {
    const requestedUs = parts.clock.monotonicUs();
    const known = await parts.journal.get(request.id);
    if (known) return known;
    if (runs.size + starting.size > parts.maxRuns) throw tooMany(parts.maxRuns);
    const image = await parts.catalogue.get(request.image);
    const imageBytes = await parts.catalogue.verify(image, parts.architecture);
    const spec = parts.spec(image, request.args ?? '', request.id);
    const run: Run = new Run(queuedRecord(request.id, image, imageBytes, spec, parts), requestedUs, {
      ...{ image, spec, clock: parts.clock, stopFrame: parts.stopFrame, decoder: parts.decoder(image) },
      ...observers(parts, events, image, (frame) => run.send(frame)),
      log: openConsoleLog(join(parts.logDirectory, `${request.id}.log`), (error) => {
        parts.logger.error({ run: request.id }, `its console is not kept: ${reasonOf(error)}`);
      }),
    });
    // Before the process exists, so that a gateway that is killed in between knows what to look for.
    await parts.journal.put(run.record);
    runs.set(request.id, run);
    run.start();
    started += 1;
    void run.ended.then(() => runs.delete(request.id));
    return run.record;
  }

  return {
    events,
    get active() {
      return [...runs.values()].map((run) => run.record);
    },
    get started() {
      return started;
    },
    start(request) {
      const already = runs.get(request.id)?.record ?? starting.get(request.id);
      if (already) return Promise.resolve(already);
      const accepted = begin(request).finally(() => starting.delete(request.id));
      starting.set(request.id, accepted);
      return accepted;
    },
    async stop(id) {
      const run = runs.get(id);
      await run?.stop('user');
      const record = run?.record ?? (await parts.journal.get(id));
      if (record) return record;
      throw new PerigeeError(
        'run-unknown',
        `there is no run ${id}`,
        'See `perigee ps --all` for the runs there are.',
      );
    },
    async [Symbol.asyncDispose]() {
      clearInterval(costs);
      await Promise.allSettled(starting.values());
      await Promise.all([...runs.values()].map((run) => run.stop('user')));
      events.close();
    },
  };
}

/** Where a run's news go: the journal, the store, the sensor feed, and whoever follows. */
function observers(
  parts: RunnerParts,
  events: Topic<RunNews>,
  image: Image,
  send: (frame: Uint8Array) => boolean,
): Pick<RunParts, 'changed' | 'report' | 'console'> {
  let feed: Disposable | undefined;
  return {
    changed(run) {
      journal(parts, run);
      if (run.state.kind === 'booted') feed ??= parts.feed(image, send);
      if (run.state.kind === 'reporting') record(parts, run, bootSamples(run));
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
  const message = `${limit} guests run already, which is all that this gateway runs at once`;
  return new PerigeeError(
    'run-refused',
    message,
    'Stop one (`perigee ps`, `perigee stop`) or raise runner.maxRuns.',
  );
}
