import { readFileSync } from 'node:fs';
import pidusage from 'pidusage';
import type { Footprint } from '../domain/index.js';

/** What a guest's monitor costs now. */
export interface Usage {
  readonly rssBytes: number;
  /** Of one core, since the last call for this process. */
  readonly cpuPercent: number;
}

/** pidusage keeps a descriptor open for each process that it was asked of, for so long: a minute by itself. */
const FORGET_MS = 3000;

/** Undefined when the process has gone. */
export async function currentUsage(processId: number): Promise<Usage | undefined> {
  try {
    const { memory, cpu } = await pidusage(processId, { maxage: FORGET_MS });
    return { rssBytes: memory, cpuPercent: cpu };
  } catch {
    // pidusage rejects for a process that has ended: expected, and an answer.
    return undefined;
  }
}

/** USER_HZ of Linux's /proc interface on every architecture that we run on (proc(5), field 14). */
const TICKS_PER_SECOND = 100;
const KIB = 1024;

/**
 * Peaks and CPU time so far, read at once, because a guest that has said Done is gone within a millisecond.
 * Undefined when it already has.
 */
export function readFootprint(processId: number): Footprint | undefined {
  try {
    const stat = readFileSync(`/proc/${processId}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return {
      peakRssBytes: kibField(readFileSync(`/proc/${processId}/status`, 'latin1'), 'VmHWM'),
      peakPssBytes: kibField(readFileSync(`/proc/${processId}/smaps_rollup`, 'latin1'), 'Pss'),
      cpuUserSeconds: Number(fields[11]) / TICKS_PER_SECOND,
      cpuSystemSeconds: Number(fields[12]) / TICKS_PER_SECOND,
    };
  } catch {
    // ENOENT or ESRCH: the process ended between two reads.
    return undefined;
  }
}

/** How long ago the process was started; 0 for one that is gone. */
export function processAgeMs(processId: number): number {
  try {
    const stat = readFileSync(`/proc/${processId}/stat`, 'latin1');
    // proc(5), field 22: clock ticks after the boot.
    const startedSeconds = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]) / TICKS_PER_SECOND;
    const [uptimeSeconds] = readFileSync('/proc/uptime', 'latin1').split(' ');
    return Math.max(0, (Number(uptimeSeconds) - startedSeconds) * 1000);
  } catch {
    // It has ended.
    return 0;
  }
}

/** A peak never falls, and a process that is half gone reads as zero. */
export function foldFootprint(
  before: Footprint | undefined,
  now: Footprint | undefined,
): Footprint | undefined {
  if (!before || !now) return now ?? before;
  return {
    peakRssBytes: Math.max(before.peakRssBytes, now.peakRssBytes),
    peakPssBytes: Math.max(before.peakPssBytes, now.peakPssBytes),
    cpuUserSeconds: Math.max(before.cpuUserSeconds, now.cpuUserSeconds),
    cpuSystemSeconds: Math.max(before.cpuSystemSeconds, now.cpuSystemSeconds),
  };
}

function kibField(text: string, name: string): number {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text);
  return match ? Number(match[1]) * KIB : 0;
}
