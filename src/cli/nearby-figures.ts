import type { perigee } from '@perigee/proto';
import { formatValue } from './output.js';

/** What a run of another gateway took, as far as its notice says; empty for one that never started. */
export function describeFigures({ boot, footprint }: perigee.v1.RunNotice.$Properties): string {
  const phases = [
    ['waited', boot?.queuedMs],
    ['started after', boot?.spawnedMs],
    ['booted after', boot?.bootedMs],
    ['first metric after', boot?.firstMetricMs],
    ['ended after', boot?.endedMs],
  ] as const;
  const times = phases.flatMap(([what, ms]) =>
    ms == null ? [] : [`${what} ${formatValue(ms, 'milliseconds')}`],
  );
  if (footprint == null) return times.join(', ');
  const cpuSeconds = (footprint.cpuUserSeconds ?? 0) + (footprint.cpuSystemSeconds ?? 0);
  return [
    ...times,
    `peak RSS ${formatValue(footprint.peakRssBytes ?? 0, 'bytes')}`,
    `CPU ${formatValue(1000 * cpuSeconds, 'milliseconds')}`,
  ].join(', ');
}
