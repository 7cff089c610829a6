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
  readonly requested_at_ms: number;
  readonly state: string;
  /** Empty while the run goes on. */
  readonly end_reason: string;
  /** Milliseconds since the request, by phase; a phase that did not happen is absent. */
  readonly boot: Readonly<Record<string, number>>;
  /** Absent until it was measured. */
  readonly footprint?: Readonly<Record<string, number>>;
  readonly command_line: readonly string[];
}

const TEXTS = ['image', 'imageDigest', 'architecture', 'accelerator', 'monitorVersion', 'state'] as const;
const PHASES = [
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
    requested_at_ms: checkedInteger(wire.requestedAtMs ?? 0, 0, Number.MAX_SAFE_INTEGER, 'requested_at_ms'),
    state: wire.state ?? '',
    end_reason: checkedText(wire.endReason ?? '', RUN_REASON_MAX, `end_reason of run ${id}`),
    boot: figures(wire.boot ?? {}, PHASES),
    ...(wire.footprint ? { footprint: figures(wire.footprint, COSTS) } : {}),
    command_line: arguments_,
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
