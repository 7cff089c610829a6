import { join } from 'node:path';
import type { SensorName } from '../domain/index.js';
import { busyPercent, parseLoadavg, parseMeminfo, parseStat, parseTemperature } from './parse.js';
import type { CpuTicks, SensorValues } from './parse.js';
import { locateTemperature } from './temperature.js';
import type { Located } from './temperature.js';

export interface Roots {
  readonly procRoot: string;
  readonly sysRoot: string;
}

/** One file of the kernel, and the sensors that one reading of it feeds. */
export interface Source {
  readonly sensors: readonly SensorName[];
  readonly locate: (roots: Roots) => Located;
  /** The sensors that this text can feed, for a source that needs two readings too. */
  readonly feeds: (text: string) => readonly SensorName[];
  /** A parser for readings in a row. */
  readonly parser: () => (text: string) => SensorValues;
}

export const SOURCES: readonly Source[] = [
  {
    sensors: ['memory_total', 'memory_available'],
    locate: ({ procRoot }) => ({ path: join(procRoot, 'meminfo') }),
    feeds: (text: string): readonly SensorName[] => {
      const values = parseMeminfo(text);
      return (['memory_total', 'memory_available'] as const).filter((sensor) => values[sensor] !== undefined);
    },
    parser: () => parseMeminfo,
  },
  {
    sensors: ['cpu_busy'],
    locate: ({ procRoot }) => ({ path: join(procRoot, 'stat') }),
    feeds: (text) => (parseStat(text) === undefined ? [] : ['cpu_busy']),
    parser: busyParser,
  },
  {
    sensors: ['load_1m'],
    locate: ({ procRoot }) => ({ path: join(procRoot, 'loadavg') }),
    feeds: (text) => (parseLoadavg(text) === undefined ? [] : ['load_1m']),
    parser:
      () =>
      (text: string): SensorValues =>
        valueOf('load_1m', parseLoadavg(text)),
  },
  {
    sensors: ['cpu_temperature'],
    locate: ({ sysRoot }) => locateTemperature(sysRoot),
    feeds: (text) => (parseTemperature(text) === undefined ? [] : ['cpu_temperature']),
    parser:
      () =>
      (text: string): SensorValues =>
        valueOf('cpu_temperature', parseTemperature(text)),
  },
];

/** Each value covers the time since the one before; the first reading has none. */
function busyParser(): (text: string) => SensorValues {
  let earlier: CpuTicks | undefined;
  return (text) => {
    const later = parseStat(text);
    if (later === undefined) return {};
    const percent = earlier && busyPercent(earlier, later);
    // Without a tick in between, the interval grows until there is one.
    if (later.total !== earlier?.total) earlier = later;
    return valueOf('cpu_busy', percent);
  };
}

function valueOf(sensor: SensorName, value: number | undefined): SensorValues {
  return value === undefined ? {} : { [sensor]: value };
}
