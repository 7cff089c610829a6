import type { ImageName, RunRecord, Sample, Unit } from '../domain/index.js';
import type { Pages, Usage } from './footprint.js';

/**
 * What guests cost, as series like any other: what a run measured and what it cost stand side by side. The image is a
 * label; the run is told by the observation, since as a label it would make new series at every run.
 */
function sample(image: ImageName, name: string, unit: Unit, value: number | undefined): readonly Sample[] {
  return value === undefined ? [] : [{ series: { name, labels: { image }, unit }, value }];
}

/** Once a second while a guest runs. */
export function usageSamples(image: ImageName, usage: Usage): readonly Sample[] {
  return [
    ...sample(image, 'run_rss', 'bytes', usage.rssBytes),
    ...sample(image, 'run_cpu', 'percent', usage.cpuPercent),
  ];
}

/** Each time that its pages were counted. */
export function pageSamples(image: ImageName, pages: Pages): readonly Sample[] {
  return [
    ...sample(image, 'run_pss', 'bytes', pages.pssBytes),
    ...sample(image, 'run_private', 'bytes', pages.privateBytes),
  ];
}

/** Of one core, from one count of its pages to the next. */
export interface Rates {
  readonly userPercent: number;
  readonly systemPercent: number;
  /** What the gateway spent on measuring this run. */
  readonly samplingPercent: number;
}

export function rateSamples(image: ImageName, rates: Rates | undefined): readonly Sample[] {
  return [
    ...sample(image, 'run_cpu_user', 'percent', rates?.userPercent),
    ...sample(image, 'run_cpu_system', 'percent', rates?.systemPercent),
    ...sample(image, 'run_sampling', 'percent', rates?.samplingPercent),
  ];
}

/** Once, with the first metric: milliseconds since the request. */
export function bootSamples({ image, boot }: RunRecord): readonly Sample[] {
  return [
    ...sample(image, 'run_boot', 'milliseconds', boot.bootedMs),
    ...sample(image, 'run_first_metric', 'milliseconds', boot.firstMetricMs),
    ...sample(image, 'run_boot_queued', 'milliseconds', boot.queuedMs),
    ...sample(image, 'run_boot_spawned', 'milliseconds', boot.spawnedMs),
    ...sample(image, 'run_boot_monitor_ready', 'milliseconds', boot.monitorReadyMs),
    ...sample(image, 'run_boot_resumed', 'milliseconds', boot.resumedMs),
    ...sample(image, 'run_boot_first_console_byte', 'milliseconds', boot.firstConsoleByteMs),
  ];
}

/** Once, at the end. */
export function endSamples({ image, boot, footprint }: RunRecord): readonly Sample[] {
  return [
    ...sample(image, 'run_duration', 'milliseconds', boot.endedMs),
    ...sample(image, 'run_peak_rss', 'bytes', footprint?.peakRssBytes),
    ...sample(image, 'run_peak_pss', 'bytes', counted(footprint?.peakPssBytes)),
    ...sample(image, 'run_peak_private', 'bytes', counted(footprint?.peakPrivateBytes)),
    ...sample(
      image,
      'run_cpu_time',
      'seconds',
      footprint && footprint.cpuUserSeconds + footprint.cpuSystemSeconds,
    ),
    ...sample(image, 'run_cpu_user_time', 'seconds', footprint?.cpuUserSeconds),
    ...sample(image, 'run_cpu_system_time', 'seconds', footprint?.cpuSystemSeconds),
  ];
}

/** A process that has pages has some to itself; zero is one that ended before they were counted. */
function counted(bytes: number | undefined): number | undefined {
  return bytes === 0 ? undefined : bytes;
}
