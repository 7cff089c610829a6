import type { SensorName } from '../domain/index.js';

export type SensorValues = Partial<Record<SensorName, number>>;

/** /proc/meminfo (proc(5)): `MemTotal:  24684092 kB`, where kB are 1024 bytes. */
export function parseMeminfo(text: string): SensorValues {
  const total = kibibytes(text, /^MemTotal: +(\d+) kB$/m);
  const available = kibibytes(text, /^MemAvailable: +(\d+) kB$/m);
  return {
    ...(total === undefined ? {} : { memory_total: total }),
    ...(available === undefined ? {} : { memory_available: available }),
  };
}

function kibibytes(text: string, line: RegExp): number | undefined {
  const digits = line.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits) * 1024;
}

/** What all processors together did since the boot, in clock ticks. */
export interface CpuTicks {
  readonly busy: number;
  readonly total: number;
}

/** Of the first line of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal. Guest time is in user. */
const STAT_FIELDS = 8;
const IDLE = 3;
const IOWAIT = 4;

/** The first line of /proc/stat (proc(5)): `cpu  7998 0 5003 185575 646 0 141 263 0 0`. */
export function parseStat(text: string): CpuTicks | undefined {
  const fields = /^cpu +(\d+(?: \d+)*)/.exec(text)?.[1]?.split(' ').slice(0, STAT_FIELDS).map(Number);
  const idle = fields?.[IDLE];
  if (fields === undefined || idle === undefined) return undefined;
  const total = fields.reduce((sum, ticks) => sum + ticks, 0);
  return { busy: total - idle - (fields[IOWAIT] ?? 0), total };
}

/** Percent of all processors, 0 to 100. `undefined` when no tick lies between the readings, or a counter went back. */
export function busyPercent(earlier: CpuTicks, later: CpuTicks): number | undefined {
  const total = later.total - earlier.total;
  if (total <= 0) return undefined;
  const busy = later.busy - earlier.busy;
  // The kernel lets iowait go back by a few ticks (proc(5)), which would leave the scale on either side.
  return Math.min(100, Math.max(0, (busy / total) * 100));
}

/** /proc/loadavg (proc(5)): `0.20 0.18 0.12 1/80 11206`. */
export function parseLoadavg(text: string): number | undefined {
  const digits = /^(\d+\.\d+) /.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Beyond these a sensor is broken or switched off: drivers then say 0 kelvin, or the end of their scale. */
const TEMPERATURE_MIN_CELSIUS = -60;
const TEMPERATURE_MAX_CELSIUS = 200;

/** thermal_zone*\/temp and hwmon temp*_input: millidegrees Celsius (Documentation/ABI, sysfs-class-thermal, -hwmon). */
export function parseTemperature(text: string): number | undefined {
  if (!/^-?\d+\s*$/.test(text)) return undefined;
  const celsius = Number(text) / 1000;
  return celsius >= TEMPERATURE_MIN_CELSIUS && celsius <= TEMPERATURE_MAX_CELSIUS ? celsius : undefined;
}
