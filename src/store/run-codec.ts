import * as v from 'valibot';
import { ARCHITECTURES } from '../domain/index.js';
import type { ImageName, RunId, RunRecord } from '../domain/index.js';
import { parseJson } from './codec.js';

/** A command line and a crash's detail fit many times over. */
export const RUN_RECORD_MAX_BYTES = 64 * 1024;

const amount = v.pipe(v.number(), v.finite());
const runId = v.pipe(
  v.string(),
  v.regex(/^[0-9a-f]{16}$/),
  v.transform((text) => text as RunId),
);
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
  spawnedMs: v.exactOptional(amount),
  monitorReadyMs: v.exactOptional(amount),
  resumedMs: v.exactOptional(amount),
  firstConsoleByteMs: v.exactOptional(amount),
  firstMetricMs: v.exactOptional(amount),
  endedMs: v.exactOptional(amount),
});

const footprint = v.object({
  peakRssBytes: amount,
  peakPssBytes: amount,
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
  monitorVersion: v.exactOptional(v.string()),
  commandLine: v.array(v.string()),
  requestedAtMs: amount,
  processId: v.exactOptional(v.number()),
  state: runState,
  boot: bootPhases,
  footprint: v.exactOptional(footprint),
  faults: v.object({ badFrames: amount, droppedValues: amount }),
}) satisfies v.GenericSchema<unknown, RunRecord>;

export function encodeRun(run: RunRecord): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(run));
}

export function decodeRun(bytes: Uint8Array): RunRecord | undefined {
  const parsed = v.safeParse(runRecord, parseJson(bytes));
  return parsed.success ? parsed.output : undefined;
}
