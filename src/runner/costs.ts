import type { ImageName, RunRecord, Sample, Unit } from '../domain/index.js';
import type { Usage } from './footprint.js';

/** What guests cost, as series like any other, labelled by image: what a run measured and what it cost stand side by side. */
function sample(image: ImageName, name: string, unit: Unit, value: number | undefined): readonly Sample[] {
  return value === undefined ? [] : [{ series: { name, labels: { image }, unit }, value }];
}

/** At 1 Hz while a guest runs. */
export function usageSamples(image: ImageName, usage: Usage): readonly Sample[] {
  return [
    ...sample(image, 'run_rss', 'bytes', usage.rssBytes),
    ...sample(image, 'run_cpu', 'percent', usage.cpuPercent),
  ];
}

/** Once, with the first metric: milliseconds since the request. */
export function bootSamples({ image, boot }: RunRecord): readonly Sample[] {
  return [
    ...sample(image, 'run_boot', 'milliseconds', boot.bootedMs),
    ...sample(image, 'run_first_metric', 'milliseconds', boot.firstMetricMs),
    ...sample(image, 'run_boot_spawned', 'milliseconds', boot.spawnedMs),
    ...sample(image, 'run_boot_monitor_ready', 'milliseconds', boot.monitorReadyMs),
  ];
}

/** Once, at the end. */
export function endSamples({ image, boot, footprint }: RunRecord): readonly Sample[] {
  return [
    ...sample(image, 'run_duration', 'milliseconds', boot.endedMs),
    ...sample(image, 'run_peak_rss', 'bytes', footprint?.peakRssBytes),
    ...sample(image, 'run_peak_pss', 'bytes', footprint?.peakPssBytes),
    ...sample(
      image,
      'run_cpu_time',
      'seconds',
      footprint && footprint.cpuUserSeconds + footprint.cpuSystemSeconds,
    ),
  ];
}
