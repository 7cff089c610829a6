import type { AccessStore } from './access.js';
import type { HistoryReader } from './history.js';
import type { GatewayId, ImageName, RunId } from './ids.js';
import type { LossReader, LossWriter, RecordingReader } from './loss.js';
import type { Observation, Position, Sample, StoredObservation } from './observation.js';
import type { QueueReason, RunRecord } from './run.js';
import type { ScheduleStore } from './schedule.js';

/** Both clocks of the gateway. Monotonic time starts anywhere and is never set. */
export interface Clock {
  monotonicUs(): number;
  wallMs(): number;
}

/** Structured log; fields first, so that no caller formats text that nobody reads. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface ObservationWriter {
  /** Resolves once a killed process would not lose it. A sample whose series is not taken is left out, and counted. */
  append(observation: Observation): Promise<Position>;
}

export interface ObservationReader {
  /** Observations behind `after`, in order. */
  read(after: Position, limit: number): AsyncIterable<StoredObservation>;
  /** The newest sample of every series, with the time of its observation. */
  latest(): readonly LatestSample[];
  counts(): StoreCounts;
}

export interface LatestSample extends Sample {
  readonly wallMs: number;
  readonly runId?: RunId;
}

/** Totals over everything stored, not only this epoch. */
export interface StoreCounts {
  readonly samples: number;
  readonly observations: number;
  readonly series: number;
  /** Samples of this epoch that were left out of their observations, because their series was not taken. */
  readonly refusedSamples: number;
}

/** What a run asks of the board before it may start. */
export interface AdmissionRequest {
  readonly id: RunId;
  readonly image: ImageName;
  readonly memoryMib: number;
  readonly vcpus: number;
  /** Higher first. */
  readonly priority: number;
  /** Runs of the image at once; absent for no limit. */
  readonly maxConcurrent?: number;
  readonly timeLimitMs?: number;
  /**
   * The place of a guest that was kept ready, and is promised to this run: it has its memory already. Disposed when the
   * run has a place of its own.
   */
  readonly ready?: Disposable;
}

/** What a guest that is to be kept ready for a run asks of the board. */
export interface ReadyRequest {
  readonly image: ImageName;
  readonly memoryMib: number;
  /** What it was seen to hold of the board's memory so far. */
  readonly residentMib: () => number;
}

export interface Admission {
  /**
   * Resolves when the run may start; what it resolves to is disposed at the run's end. `waits` is told each time that
   * the reason changes. Rejects with `run-refused` when it could never start, or too many wait already; with the
   * signal's reason when that is aborted.
   */
  enter(
    request: AdmissionRequest,
    signal: AbortSignal,
    waits: (why: QueueReason) => void,
  ): Promise<Disposable>;
  /** The place of a guest that runs already, whether or not there is one. */
  hold(request: AdmissionRequest): Disposable;
  /**
   * A place that no run needs, for a guest that is kept ready; undefined where there is none. `giveBack` is called when
   * a run needs it after all: the place is to be disposed soon. It says false of a guest that is promised to a run.
   */
  reserve(request: ReadyRequest, giveBack: () => boolean): Disposable | undefined;
}

/** The journal of runs: written before the spawn, so that a restarted gateway knows what to look for. */
export interface RunJournal {
  put(run: RunRecord): Promise<void>;
  get(id: RunId): Promise<RunRecord | undefined>;
  /** Newest first, in the order in which the runs were first put; no clock has a say. */
  list(limit: number): Promise<readonly RunRecord[]>;
  /** Every run that has not ended. */
  going(): Promise<readonly RunRecord[]>;
}

/** A run as it is now, and the place of its last change. */
export interface RunChange {
  /** In the journal's own order, which is not that of observations. */
  readonly position: Position;
  readonly run: RunRecord;
}

/** The journal for whoever follows it with a cursor. */
export interface RunChangeReader {
  /** The runs that changed behind `after`, each once, in the order of their last changes. */
  changedRuns(after: Position, limit: number): Promise<readonly RunChange[]>;
}

/** How far a named reader (the uploader) has come; survives a restart. */
export interface CursorKeeper {
  cursor(name: string): Promise<Position>;
  setCursor(name: string, position: Position): Promise<void>;
}

export interface Store
  extends
    ObservationWriter,
    ObservationReader,
    HistoryReader,
    RunJournal,
    RunChangeReader,
    CursorKeeper,
    LossReader,
    LossWriter,
    RecordingReader,
    AsyncDisposable {
  readonly schedules: ScheduleStore;
  readonly access: AccessStore;
  readonly gatewayId: GatewayId;
  /** This opening of the store. */
  readonly epoch: number;
}
