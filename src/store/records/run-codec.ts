import * as v from 'valibot';
import { ARCHITECTURES, isRunId } from '../../domain/index.js';
import type { ImageName, Position, RunId, RunRecord } from '../../domain/index.js';
import { jsonBytes, parseJson } from '../format/codec.js';
import { EPOCH_MAX } from '../format/keys.js';

/** A command line and a crash's detail fit many times over. */
export const RUN_RECORD_MAX_BYTES = 64 * 1024;

const amount = v.pipe(v.number(), v.finite());
const wholeNumber = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const runId = v.custom<RunId>((id) => typeof id === 'string' && isRunId(id));
const imageName = v.pipe(
  v.string(),
  v.transform((text) => text as ImageName),
);

const endReason = v.variant('kind', [
  v.object({ kind: v.literal('completed') }),
  v.object({ kind: v.literal('exit-code'), code: v.number() }),
  v.object({ kind: v.literal('crashed'), detail: v.string() }),
  v.object({ kind: v.literal('timed-out') }),
  v.object({ kind: v.literal('killed-by-user') }),
  v.object({ kind: v.literal('out-of-memory') }),
  v.object({ kind: v.literal('never-ready') }),
  v.object({ kind: v.literal('host-refused'), detail: v.string() }),
]);

const runState = v.variant('kind', [
  v.object({ kind: v.picklist(['queued', 'starting', 'booted', 'reporting', 'stopping']) }),
  v.object({ kind: v.literal('ended'), reason: endReason }),
]);

const bootPhases = v.object({
  queuedMs: v.exactOptional(amount),
  spawnedMs: v.exactOptional(amount),
  monitorReadyMs: v.exactOptional(amount),
  resumedMs: v.exactOptional(amount),
  firstConsoleByteMs: v.exactOptional(amount),
  firstMetricMs: v.exactOptional(amount),
  readyMs: v.exactOptional(amount),
  bootedMs: v.exactOptional(amount),
  endedMs: v.exactOptional(amount),
});

const runCause = v.variant('kind', [
  v.object({ kind: v.literal('demand') }),
  v.object({ kind: v.literal('kept'), restart: v.exactOptional(wholeNumber) }),
  v.object({ kind: v.literal('schedule'), name: v.string(), restart: v.exactOptional(wholeNumber) }),
]);

const footprint = v.object({
  peakRssBytes: amount,
  peakPssBytes: amount,
  peakPrivateBytes: v.exactOptional(amount),
  cpuUserSeconds: amount,
  cpuSystemSeconds: amount,
});

/** Keys that a later version adds are left out, so that an older one reads on. */
const runRecord = v.object({
  id: runId,
  image: imageName,
  imageVersion: v.string(),
  imageSha256: v.string(),
  imageBytes: amount,
  architecture: v.picklist(ARCHITECTURES),
  accelerator: v.string(),
  startedFrom: v.exactOptional(v.picklist(['stopped', 'booted'])),
  monitorVersion: v.exactOptional(v.string()),
  commandLine: v.array(v.string()),
  requestedAtMs: amount,
  cause: v.exactOptional(runCause),
  timeLimitMs: v.exactOptional(amount),
  adoptable: v.exactOptional(v.literal(true)),
  processId: v.exactOptional(v.number()),
  state: runState,
  boot: bootPhases,
  footprint: v.exactOptional(footprint),
  faults: v.object({ badFrames: amount, droppedValues: amount, first: v.exactOptional(v.string()) }),
}) satisfies v.GenericSchema<unknown, RunRecord>;

const position = v.object({ epoch: v.pipe(wholeNumber, v.maxValue(EPOCH_MAX)), sequence: wholeNumber });

/** A run and its places in the journal's order: where it was first put, and where last. */
export interface JournaledRun {
  readonly run: RunRecord;
  readonly born: Position;
  readonly changed: Position;
}

const journaledRun = v.object({
  born: position,
  changed: position,
  run: runRecord,
}) satisfies v.GenericSchema<unknown, JournaledRun>;

export function encodeRun(journaled: JournaledRun): Uint8Array {
  return jsonBytes(journaled);
}

export function decodeRun(bytes: Uint8Array): JournaledRun | undefined {
  const parsed = v.safeParse(journaledRun, parseJson(bytes));
  return parsed.success ? parsed.output : undefined;
}

export function encodeRunId(id: RunId): Uint8Array {
  return new TextEncoder().encode(id);
}

export function decodeRunId(bytes: Uint8Array): RunId | undefined {
  const text = new TextDecoder().decode(bytes);
  return isRunId(text) ? text : undefined;
}
