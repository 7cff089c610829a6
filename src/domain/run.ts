import type { ImageName, RunId } from './ids.js';
import type { Architecture, WarmStart } from './image.js';

/** Why a run ended: a closed set, decided by evidence (QMP events, the guest's Done), never by an exit status alone. */
export type EndReason =
  | { readonly kind: 'completed' }
  | { readonly kind: 'exit-code'; readonly code: number }
  | { readonly kind: 'crashed'; readonly detail: string }
  | { readonly kind: 'timed-out' }
  | { readonly kind: 'killed-by-user' }
  | { readonly kind: 'out-of-memory' }
  | { readonly kind: 'never-ready' }
  | { readonly kind: 'host-refused'; readonly detail: string };

export type RunState =
  | { readonly kind: 'queued'; readonly why?: QueueReason }
  | { readonly kind: 'starting' }
  | { readonly kind: 'booted' }
  | { readonly kind: 'reporting' }
  | { readonly kind: 'stopping' }
  | { readonly kind: 'ended'; readonly reason: EndReason };

/** Why a run waits, for people, and for how long at most since its request, where that is known. */
export interface QueueReason {
  readonly text: string;
  readonly expectedMs?: number;
}

/**
 * Milliseconds since the request or, where the run had to wait for its place on the board, since it was given one. A
 * phase that did not happen is absent: a guest that was kept ready had been started before anyone asked for it.
 */
export interface BootPhases {
  /** How long it waited for its place. */
  readonly queuedMs?: number;
  readonly spawnedMs?: number;
  readonly monitorReadyMs?: number;
  readonly resumedMs?: number;
  readonly firstConsoleByteMs?: number;
  /** The first sign of life of the guest itself, by whatever channel. */
  readonly bootedMs?: number;
  readonly firstMetricMs?: number;
  /** The first metric, or the text that the manifest waits for. */
  readonly readyMs?: number;
  readonly endedMs?: number;
}

/** Who asked for a run. */
export type RunCause =
  | { readonly kind: 'demand' }
  /** The configuration keeps the image running. `restart`: how many short or failed runs were before it in a row. */
  | { readonly kind: 'kept'; readonly restart?: number }
  | { readonly kind: 'schedule'; readonly name: string; readonly restart?: number };

export interface Footprint {
  readonly peakRssBytes: number;
  /** Proportional set size: shared pages divided by their users. */
  readonly peakPssBytes: number;
  /** What no other process shares; absent in records of versions that did not measure it. */
  readonly peakPrivateBytes?: number;
  readonly cpuUserSeconds: number;
  readonly cpuSystemSeconds: number;
}

export interface Faults {
  readonly badFrames: number;
  readonly droppedValues: number;
  /** What the first of them was: a sentence. */
  readonly first?: string;
}

/** All that is kept of a run, so that its figures can be reproduced. */
export interface RunRecord {
  readonly id: RunId;
  readonly image: ImageName;
  readonly imageVersion: string;
  readonly imageSha256: string;
  readonly imageBytes: number;
  readonly architecture: Architecture;
  readonly accelerator: string;
  /** A guest that was kept ready: before its first instruction, or booted and idle. Absent for a cold start. */
  readonly startedFrom?: WarmStart;
  /** As the monitor's QMP greeting says it; absent until then. */
  readonly monitorVersion?: string;
  readonly commandLine: readonly string[];
  /** Unix time, milliseconds. */
  readonly requestedAtMs: number;
  /** Absent: on demand. */
  readonly cause?: RunCause;
  /** Of the request, where it asked for one: a gateway that takes the guest over goes on counting. */
  readonly timeLimitMs?: number;
  readonly processId?: number;
  /** The next gateway takes over when this one is killed. */
  readonly adoptable?: true;
  readonly state: RunState;
  readonly boot: BootPhases;
  readonly footprint?: Footprint;
  /** What the guest sent that was not understood, and so was dropped. */
  readonly faults: Faults;
}

export function isEnded(run: Pick<RunRecord, 'state'>): boolean {
  return run.state.kind === 'ended';
}

/** What was dropped, and why, as far as is known; empty for a guest of which everything was understood. */
export function describeFaults({ badFrames, droppedValues, first }: Faults): string {
  const counts = [
    ...(badFrames === 0 ? [] : [`${badFrames} ${badFrames === 1 ? 'message' : 'messages'} not understood`]),
    ...(droppedValues === 0 ? [] : [`${droppedValues} ${droppedValues === 1 ? 'value' : 'values'} dropped`]),
  ];
  return first === undefined ? counts.join(', ') : `${counts.join(', ')} (first: ${first})`;
}

/** Of a run that nobody wants the like of again so soon: neither a good end, nor one that was asked for. */
export function isFailure(reason: EndReason): boolean {
  return !['completed', 'killed-by-user', 'timed-out'].includes(reason.kind);
}

/** One line that a person understands. */
export function describeEnd(reason: EndReason): string {
  switch (reason.kind) {
    case 'completed':
      return 'completed';
    case 'exit-code':
      return `ended with status ${reason.code}`;
    case 'crashed':
      return `crashed: ${reason.detail}`;
    case 'timed-out':
      return 'stopped at its time limit';
    case 'killed-by-user':
      return 'stopped on request';
    case 'out-of-memory':
      return 'ran out of memory';
    case 'never-ready':
      return 'sent no metric in time';
    case 'host-refused':
      return `could not start: ${reason.detail}`;
  }
}
