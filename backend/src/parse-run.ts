import type { perigee } from '@perigee/proto';
import { checkedCount, checkedId, checkedInteger, checkedText, demand } from './checks.js';
import { ARGUMENT_MAX, COMMAND_LINE_MAX, RUN_REASON_MAX, RUN_TEXT_MAX } from './limits.js';

/** A run as it is kept, under the names of its SQL columns: it goes in as one row of a JSON record set. */
export interface ParsedRun {
  readonly id: string;
  readonly image: string;
  readonly image_digest: string;
  readonly architecture: string;
  readonly accelerator: string;
  readonly monitor_version: string;
  /** How its guest was kept ready; empty for a cold start. */
  readonly started_from: string;
  readonly requested_at_ms: number;
  readonly state: string;
  /** Empty while the run goes on. */
  readonly end_reason: string;
  /** Milliseconds since the request, by phase; a phase that did not happen is absent. */
  readonly boot: Readonly<Record<string, number>>;
  /** Absent until it was measured. */
  readonly footprint?: Readonly<Record<string, number>>;
  readonly command_line: readonly string[];
  /** Absent from a gateway that did not say it. */
  readonly cause?: ParsedCause;
  /** Absent where everything that the guest sent was understood. */
  readonly faults?: ParsedFaults;
}

interface ParsedCause {
  readonly kind: string;
  readonly name?: string;
  readonly restart?: number;
}

interface ParsedFaults {
  readonly badFrames: number;
  readonly droppedValues: number;
  readonly first: string;
}

const TEXTS = [
  'image',
  'imageDigest',
  'architecture',
  'accelerator',
  'monitorVersion',
  'state',
  'startedFrom',
] as const;
const PHASES = [
  'queuedMs',
  'spawnedMs',
  'monitorReadyMs',
  'resumedMs',
  'firstConsoleByteMs',
  'firstMetricMs',
  'readyMs',
  'bootedMs',
  'endedMs',
] as const;
const COSTS = [
  'peakRssBytes',
  'peakPssBytes',
  'peakPrivateBytes',
  'cpuUserSeconds',
  'cpuSystemSeconds',
  'imageBytes',
] as const;

const COUNT_MAX = Number.MAX_SAFE_INTEGER;

export function parseRun(wire: perigee.v1.Run.$Properties): ParsedRun {
  const id = checkedId(wire.id ?? '', "a run's id");
  for (const field of TEXTS) checkedText(wire[field] ?? '', RUN_TEXT_MAX, `${field} of run ${id}`);
  const arguments_ = wire.commandLine ?? [];
  checkedCount(arguments_, COMMAND_LINE_MAX, `arguments of run ${id}`);
  for (const argument of arguments_) checkedText(argument, ARGUMENT_MAX, `an argument of run ${id}`);
  return {
    id,
    image: wire.image ?? '',
    image_digest: wire.imageDigest ?? '',
    architecture: wire.architecture ?? '',
    accelerator: wire.accelerator ?? '',
    monitor_version: wire.monitorVersion ?? '',
    started_from: wire.startedFrom ?? '',
    requested_at_ms: checkedInteger(wire.requestedAtMs ?? 0, 0, COUNT_MAX, 'requested_at_ms'),
    state: wire.state ?? '',
    end_reason: checkedText(wire.endReason ?? '', RUN_REASON_MAX, `end_reason of run ${id}`),
    boot: figures(wire.boot ?? {}, PHASES),
    ...(wire.footprint ? { footprint: figures(wire.footprint, COSTS) } : {}),
    command_line: arguments_,
    ...(wire.cause ? { cause: parseCause(wire.cause, id) } : {}),
    ...(wire.faults ? { faults: parseFaults(wire.faults, id) } : {}),
  };
}

function parseCause({ kind, name, restart }: perigee.v1.RunCause.$Properties, id: string): ParsedCause {
  const named = checkedText(name ?? '', RUN_TEXT_MAX, `cause.name of run ${id}`);
  const again = checkedInteger(restart ?? 0, 0, COUNT_MAX, `cause.restart of run ${id}`);
  return {
    kind: checkedText(kind ?? '', RUN_TEXT_MAX, `cause.kind of run ${id}`),
    ...(named === '' ? {} : { name: named }),
    ...(again === 0 ? {} : { restart: again }),
  };
}

function parseFaults(wire: perigee.v1.Faults.$Properties, id: string): ParsedFaults {
  const { badFrames, droppedValues, first } = wire;
  return {
    badFrames: checkedInteger(badFrames ?? 0, 0, COUNT_MAX, `faults.bad_frames of run ${id}`),
    droppedValues: checkedInteger(droppedValues ?? 0, 0, COUNT_MAX, `faults.dropped_values of run ${id}`),
    first: checkedText(first ?? '', RUN_REASON_MAX, `faults.first of run ${id}`),
  };
}

/** JSON has no word for NaN, and no clock or meter reads it. */
function figures<K extends string>(
  wire: Readonly<Partial<Record<K, number | null>>>,
  names: readonly K[],
): Readonly<Record<string, number>> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = wire[name];
      if (typeof value !== 'number') return [];
      demand(Number.isFinite(value), `${name} of a run is no finite number`);
      return [[name, value]];
    }),
  );
}
