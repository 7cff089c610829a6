import { MAX_PLAINTEXT_BYTES } from '@perigee/gatt';
import { perigee } from '@perigee/proto';
import { describeEnd, seriesKey } from '../domain/index.js';
import type { GatewayStatus, ImageSummary, PerigeeError, RunRecord } from '../domain/index.js';
import type { Sample, ScheduleStatus, Technician } from '../domain/index.js';

type RunNotice = perigee.v1.RunNotice.$Properties;
type ScheduleLine = perigee.v1.ScheduleLine.$Properties;
type SeriesValue = perigee.v1.SeriesValue.$Properties;
type Said = perigee.v1.Said.$Properties;

/** What a message has room for beside the heads of its parts. */
const BODY_BYTES = MAX_PLAINTEXT_BYTES - 64;
/** Of a part of a message: field and length. */
const ITEM_HEAD_BYTES = 4;
/** A crashed guest's last words may be long. */
const TEXT_MAX = 256;
/** What a run reports in one window, in one message; a guest that reports more is read from history. */
const VALUES_MAX = 32;
/** Of a series' name: one with all the tags that a line may have, and some of them fit a message. */
const SERIES_MAX_BYTES = 1024;
/** Leaves the texts of a state their room. */
const CRASH_LOOPS_BYTES = BODY_BYTES / 2;

const PROTOCOL = 1;

/** What does not change from phone to phone. */
export interface GatewayName {
  readonly gatewayId: string;
  readonly gatewayName: string;
}

export function welcome(
  gateway: GatewayName,
  { expiresAtMs, name, role }: Pick<Technician, 'expiresAtMs' | 'name' | 'role'>,
  wallMs: number,
): perigee.v1.Welcome.$Properties {
  const until = expiresAtMs === undefined ? {} : { expiresAtMs };
  return { protocol: PROTOCOL, ...gateway, name, role, wallMs, ...until };
}

export function encodeWelcome(said: perigee.v1.Welcome.$Properties): Uint8Array {
  return perigee.v1.Welcome.encode(said).finish();
}

export function encodeSaid(said: Said): Uint8Array {
  return perigee.v1.Said.encode(said).finish();
}

export function refusal({ code, cure, message }: PerigeeError): perigee.v1.Refusal.$Properties {
  return { code, message: message.slice(0, TEXT_MAX), cure: cure.slice(0, TEXT_MAX) };
}

/** With as many of what it reported as there is room for. */
export function runNotice(run: RunRecord, samples: readonly Sample[] = []): RunNotice {
  const { boot, footprint, id, image, state } = run;
  const ended = state.kind === 'ended' ? state.reason : undefined;
  const why = state.kind === 'queued' ? state.why?.text : undefined;
  const notice = {
    ...{ runId: id, image, state: state.kind, boot, end: ended?.kind ?? '' },
    text: (ended === undefined ? (why ?? '') : describeEnd(ended)).slice(0, TEXT_MAX),
    ...(footprint && { footprint: { ...footprint, imageBytes: run.imageBytes } }),
  };
  const room = BODY_BYTES - perigee.v1.RunNotice.encode(notice).finish().length;
  return { ...notice, values: fit(seriesValues(samples).slice(0, VALUES_MAX), bytesOfValue, room) };
}

/** In as many messages as it takes. */
export function newsOf(runId: string, samples: readonly Sample[]): perigee.v1.News.$Properties[] {
  const news: perigee.v1.News.$Properties[] = [];
  let rest = seriesValues(samples);
  while (rest.length > 0) {
    const values = fit(rest, bytesOfValue, BODY_BYTES - runId.length);
    news.push({ runId, values });
    rest = rest.slice(values.length);
  }
  return news;
}

/** Without those whose names have no room: a name that is cut is that of no series. */
function seriesValues(samples: readonly Sample[]): SeriesValue[] {
  return samples
    .map(({ series, value }) => ({ series: seriesKey(series), value, unit: series.unit }))
    .filter(({ series }) => Buffer.byteLength(series) <= SERIES_MAX_BYTES);
}

function bytesOfValue(value: SeriesValue): number {
  return perigee.v1.SeriesValue.encode(value).finish().length;
}

export function gatewayState(status: GatewayStatus, wallMs: number): perigee.v1.GatewayState.$Properties {
  const { activeRuns, crashLoops, epoch, lostObservations, queuedRuns, recording, store, sync, version } =
    status;
  const looping = fit(crashLoops, (name) => Buffer.byteLength(name), CRASH_LOOPS_BYTES);
  return {
    ...{ version, epoch, activeRuns, queuedRuns, lostObservations, wallMs, crashLoops: looping },
    uptimeSeconds: Math.floor(status.uptimeSeconds),
    samplesStored: store.samples,
    ...{ sync: sync.text.slice(0, TEXT_MAX), syncWaits: sync.waiting },
    samplesAcknowledged: sync.samplesAcknowledged,
    ...{ recording: recording.kind, recordingText: recording.text.slice(0, TEXT_MAX) },
  };
}

export function schedules(all: readonly ScheduleStatus[]): perigee.v1.Schedules.$Properties {
  const lines = all.map(scheduleLine);
  const fitting = fit(lines, (line) => perigee.v1.ScheduleLine.encode(line).finish().length);
  return { schedules: fitting, more: fitting.length < all.length };
}

function scheduleLine({ dueAtMs, image, last, name, state, trigger }: ScheduleStatus): ScheduleLine {
  return {
    ...{ name, image, state: state.kind, last: (last?.text ?? '').slice(0, TEXT_MAX) },
    zone: 'zone' in trigger ? trigger.zone : '',
    ...(trigger.kind === 'kept' ? { kept: true } : {}),
    ...(trigger.kind === 'cron' ? { cron: trigger.expression } : {}),
    ...(trigger.kind === 'every' ? { everyMs: trigger.everyMs } : {}),
    ...(trigger.kind === 'at' ? { at: trigger.time } : {}),
    ...(dueAtMs === undefined ? {} : { dueAtMs: Math.round(dueAtMs) }),
  };
}

export function images(all: readonly ImageSummary[]): perigee.v1.Images.$Properties {
  const lines = all.map(({ description, flavour, memoryMib, name, version }) => ({
    ...{ name, version, flavour, memoryMib, description: description.slice(0, TEXT_MAX) },
  }));
  const fitting = fit(lines, (line) => perigee.v1.ImageLine.encode(line).finish().length);
  return { images: fitting, more: fitting.length < all.length };
}

export function runs(all: readonly RunRecord[]): perigee.v1.Runs.$Properties {
  const notices = all.map((run) => runNotice(run));
  const fitting = fit(notices, (notice) => perigee.v1.RunNotice.encode(notice).finish().length);
  return { runs: fitting, more: fitting.length < all.length };
}

/** The last of the text, at most so many bytes of UTF-8, from the beginning of a line where one begins in it. */
export function logEnd(text: string, tailBytes: number): perigee.v1.Log.$Properties {
  const bytes = Buffer.from(text);
  const most = Math.min(tailBytes, BODY_BYTES);
  if (bytes.length <= most) return { text, cut: false };
  const end = bytes.subarray(bytes.length - most);
  const line = end.indexOf('\n') + 1;
  return { text: end.subarray(line === end.length ? 0 : line).toString(), cut: true };
}

/** As many from the beginning as there is room for; a message has, if not told. */
function fit<T>(items: readonly T[], bytesOf: (item: T) => number, room = BODY_BYTES): T[] {
  const fitting: T[] = [];
  let bytes = 0;
  for (const item of items) {
    bytes += bytesOf(item) + ITEM_HEAD_BYTES;
    if (bytes > room) break;
    fitting.push(item);
  }
  return fitting;
}
