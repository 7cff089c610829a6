import { setImmediate as immediate } from 'node:timers/promises';
import type { Confinement } from '../confinement/index.js';
import { PerigeeError, Topic, isEnded, reasonOf } from '../domain/index.js';
import type { Admission, GatewayId, GuestDecoder, Image, ImageName, LineDecoder } from '../domain/index.js';
import type { RunId, RunNews, RunRecord, RunRequest, VmSpec } from '../domain/index.js';
import { processAgeMs } from './footprint.js';
import { launch } from './launch.js';
import { markOf } from './marks.js';
import type { NetworkEnd } from './monitor.js';
import { adoptVm, fallbackOf, startReady, type StartOptions } from './monitors.js';
import { observers, record, type ObserverParts } from './observers.js';
import { kill } from './orphans.js';
import { createPool, type ReadyGuest, type WarmPool } from './pool.js';
import { placeRequest } from './place-request.js';
import { digestOf, queuedRecord } from './queued-record.js';
import type { ConsoleLog } from './run-parts.js';
import { Run } from './run.js';
import { sampleRuns } from './sampling.js';
import { Starting } from './starting.js';
import { prepareReady, type WarmSource } from './warm.js';

export interface RunnerParts extends ObserverParts, WarmSource {
  readonly admission: Admission;
  readonly gatewayId: GatewayId;
  /** The value of PATH: where a monitor's program is found that has no folder. */
  readonly searchPath: string;
  /** What each guest is kept in. */
  readonly confinement: Pick<Confinement, 'cell' | 'adopted'>;
  readonly decoder: (image: Image) => GuestDecoder;
  /** For lines on its console, or by its network. */
  readonly lines: (image: Image) => LineDecoder;
  readonly stopFrame: Uint8Array;
  /** Serves the guests that have a network. */
  readonly network: NetworkEnd;
  readonly console: (id: RunId) => ConsoleLog;
}

/** Runs guests. Every run is journaled before its process exists, and ended before this is disposed. */
export interface Runner extends AsyncDisposable {
  readonly events: Topic<RunNews>;
  readonly active: readonly RunRecord[];
  /** Runs started since this runner was made. */
  readonly started: number;
  /** Guests that are kept ready for the runs to come. */
  readonly pool: Pick<WarmPool, 'want' | 'ready'>;
  /**
   * Resolves when the run was started, or waits for its place; a request repeated with the same id starts nothing and gives its record.
   * @throws PerigeeError `image-*`, `run-refused`, `gateway-not-running` once this is being disposed.
   */
  start(request: RunRequest): Promise<RunRecord>;
  /** Goes on with the guests of a gateway that was killed. One that cannot be taken over is ended. */
  adopt(runs: readonly RunRecord[]): Promise<void>;
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
  readonly #sampling: Disposable;
  readonly #software = new Set<ImageName>();
  readonly pool: WarmPool;
  #started = 0;
  #closed = false;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    this.pool = createPool({
      ...{ practiceFrame: parts.warm.practiceFrame, startFrame: parts.warm.startFrame },
      ...{ newSlot: parts.warm.newSlot, budgetMib: parts.warm.budgetMib },
      ...{ logger: parts.logger, reserve: (request, giveBack) => parts.admission.reserve(request, giveBack) },
      prepare: (image, slot) => prepareReady(parts, image, slot),
      // What is wrong with it is told when another guest of it is to be made ready.
      current: (image) => parts.catalogue.get(image).catch(() => undefined),
      startVm: (spec, listener, slot, stopped) =>
        startReady(spec, listener, this.#processes(spec, slot), stopped),
    });
    this.#sampling = sampleRuns(this.#runs, parts.clock, (run, samples) => {
      record(parts, run, samples);
      this.events.publish({ kind: 'cost', run, samples });
    });
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
    this.#closed = true;
    this.#sampling[Symbol.dispose]();
    await Promise.allSettled(this.#starting.values());
    await Promise.all([...this.#runs.values()].map((run) => run.stop('user')));
    await this.pool[Symbol.asyncDispose]();
    this.events.close();
  }

  async adopt(runs: readonly RunRecord[]): Promise<void> {
    for (const run of runs) {
      const { id, image, processId } = run;
      if (processId === undefined) continue;
      const complaint = await this.#adoptOne(run, processId);
      if (complaint === undefined) {
        this.#parts.logger.info({ run: id, image, processId }, 'goes on under this gateway');
        continue;
      }
      const detail = `the gateway ended while it ran, and it cannot go on: ${complaint}${kill(processId)}`;
      this.#parts.logger.warn({ run: id, image, processId }, detail);
      await this.#parts.journal.put({
        ...run,
        state: { kind: 'ended', reason: { kind: 'crashed', detail } },
      });
    }
  }

  /** What is against it, if anything. */
  async #adoptOne(record: RunRecord, processId: number): Promise<string | undefined> {
    try {
      const image = await this.#parts.catalogue.get(record.image);
      const spec = this.#parts.spec(image, '', record.id);
      if (digestOf(image, spec.architecture) !== record.imageSha256)
        return 'its image was replaced meanwhile';
      const sinceUs = this.#parts.clock.monotonicUs() - processAgeMs(processId) * 1000;
      const run = this.#prepare({ ...record, state: { kind: 'starting' } }, sinceUs, image, spec);
      if (!run.adopt(processId)) return 'its image does not say afterRestart: adopt any more';
      this.#runs.set(record.id, run);
      const place = this.#parts.admission.hold(placeRequest(record, image));
      void run.ended.then(() => {
        place[Symbol.dispose]();
        this.#forget(run);
      });
      return undefined;
    } catch (error) {
      return reasonOf(error);
    }
  }

  #startOnce(request: RunRequest): Promise<RunRecord> {
    const again = this.#starting.get(request.id);
    if (again) return again;
    if (this.#closed) return Promise.reject(ending());
    const accepted = this.#begin(request).finally(() => this.#starting.delete(request.id));
    this.#starting.set(request.id, accepted);
    return accepted;
  }

  async #begin(request: RunRequest): Promise<RunRecord> {
    const { admission, architecture, catalogue, clock, journal } = this.#parts;
    const requestedUs = clock.monotonicUs();
    const known = this.#recent.get(request.id) ?? (await journal.get(request.id));
    if (known) return known;
    const image = await catalogue.get(request.image, request.pending);
    const spec = this.#specOf(image, request);
    // Its files were checked before it was started.
    const key = { image, args: request.args ?? '', accelerator: spec.accelerator };
    const ready = request.pending ? undefined : this.pool.take(key);
    const imageBytes = ready?.imageBytes ?? (await catalogue.verify(image, architecture));
    const record = queuedRecord(request, image, imageBytes, spec, clock);
    const run = this.#prepare(record, requestedUs, image, spec, ready);
    this.#runs.set(request.id, run);
    void run.ended.then(() => this.#forget(run));
    const place = { ...placeRequest(request, image), ...(ready ? { ready: ready.place } : {}) };
    // Before its process exists, so that a gateway that is killed in between knows what to look for. One that was kept
    // ready is known by its mark already, and begins first; nobody is told of it before it is written down.
    const early = ready ? undefined : journal.put(run.record);
    const launched = launch(run, place, admission, async () => {
      if (!early) return;
      // The journal's turn comes first: it writes in a thread of its own while the rest is prepared.
      await immediate();
      if (!run.leaving.aborted) run.prepare();
      await early;
    });
    const journaled = early ?? launched.then(() => journal.put(run.record));
    await Promise.all([journaled, launched]).catch(async (error: unknown) => {
      if (!isEnded(run.record)) await run.stop('user');
      throw error;
    });
    this.#started += 1;
    return run.record;
  }

  /** In software for an image under which the accelerator was seen to fail. */
  #specOf(image: Image, { args, id }: RunRequest): VmSpec {
    const spec = this.#parts.spec(image, args ?? '', id);
    return this.#software.has(image.name) ? (fallbackOf(spec) ?? spec) : spec;
  }

  #processes(spec: VmSpec, slot: RunId): StartOptions {
    const { confinement, gatewayId, network, searchPath } = this.#parts;
    const cell = confinement.cell(spec, slot);
    const stays = spec.monitor === 'qemu' && spec.rendezvous !== undefined;
    return { searchPath, mark: markOf(gatewayId, slot, stays), cell, network };
  }

  #prepare(record: RunRecord, requestedUs: number, image: Image, spec: VmSpec, ready?: ReadyGuest): Run {
    const { clock, console, decoder, lines, stopFrame } = this.#parts;
    const observed = observers(this.#parts, this.events, image, record, (frame) => run.send(frame));
    const run: Run = new Run(record, requestedUs, {
      starting: new Starting((each) => this.#processes(each, record.id)),
      adoptVm: (each, processId, listener) =>
        adoptVm(each, processId, listener, this.#parts.confinement.adopted(record.id)),
      ready,
      ...{ image, spec, clock, stopFrame, decoder: () => decoder(image) },
      lines: () => lines(image),
      ...observed,
      fellBack: (failed, why) => {
        this.#software.add(image.name);
        observed.fellBack(failed, why);
      },
      log: console(record.id),
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

function ending(): PerigeeError {
  return new PerigeeError('gateway-not-running', 'the gateway is ending', 'Start it again: perigee serve');
}
