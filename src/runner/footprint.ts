import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
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

/** All at once, because a call for each would cost as much again. A process that has gone is left out. */
export async function currentUsage(processIds: readonly number[]): Promise<ReadonlyMap<number, Usage>> {
  if (processIds.length === 0) return new Map();
  const usages = await usagesOf(processIds);
  return new Map(
    processIds.flatMap((processId) => {
      const usage = usages[processId];
      return usage ? [[processId, { rssBytes: usage.memory, cpuPercent: usage.cpu }]] : [];
    }),
  );
}

type Usages = Readonly<Record<number, { readonly memory: number; readonly cpu: number } | null | undefined>>;

async function usagesOf(processIds: readonly number[]): Promise<Usages> {
  try {
    return await pidusage([...processIds], { maxage: FORGET_MS });
  } catch {
    // pidusage rejects where the only process that was asked for has ended: expected, and an answer.
    return {};
  }
}

/** Memory by page: pages that several processes share, as a monitor's program is, are not counted for each whole. */
export interface Pages {
  /** Proportional set size: shared pages divided by their users. */
  readonly pssBytes: number;
  /** What nobody else has, and the board would get back. */
  readonly privateBytes: number;
}

/**
 * The kernel walks every page of the process for it, some tenths of a millisecond for a small guest and several
 * milliseconds for a large one: not for every second, and not while others wait. Undefined when the process has gone.
 */
export async function currentPages(processId: number): Promise<Pages | undefined> {
  // ENOENT or ESRCH: it has ended.
  const text = await readFile(`/proc/${processId}/smaps_rollup`, 'latin1').catch(() => undefined);
  return text === undefined ? undefined : parsePages(text);
}

function parsePages(rollup: string): Pages {
  return {
    pssBytes: kibField(rollup, 'Pss'),
    privateBytes: kibField(rollup, 'Private_Clean') + kibField(rollup, 'Private_Dirty'),
  };
}

/** USER_HZ of Linux's /proc interface on every architecture that we run on (proc(5), field 14). */
const TICKS_PER_SECOND = 100;
const KIB = 1024;

/** CPU time and the peak that the kernel keeps. */
export type Progress = Pick<Footprint, 'peakRssBytes' | 'cpuUserSeconds' | 'cpuSystemSeconds'>;

/** Costs next to nothing. Undefined when the process has gone. */
export function readProgress(processId: number): Progress | undefined {
  try {
    const stat = readFileSync(`/proc/${processId}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return {
      peakRssBytes: kibField(readFileSync(`/proc/${processId}/status`, 'latin1'), 'VmHWM'),
      cpuUserSeconds: Number(fields[11]) / TICKS_PER_SECOND,
      cpuSystemSeconds: Number(fields[12]) / TICKS_PER_SECOND,
    };
  } catch {
    // ENOENT or ESRCH: the process ended between two reads.
    return undefined;
  }
}

/** What was measured at one moment; not every moment is worth a walk through the pages. */
export type Measured = Progress & Partial<Pages>;

/** All of it and at once, because a guest that has said Done is gone within a millisecond. Undefined when it already has. */
export function measureAll(processId: number): Measured | undefined {
  try {
    const progress = readProgress(processId);
    const pages = parsePages(readFileSync(`/proc/${processId}/smaps_rollup`, 'latin1'));
    return progress && { ...progress, ...pages };
  } catch {
    // The same.
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

/** A peak never falls, and what was not looked at, or is half gone, reads as zero. */
export function foldFootprint(before: Footprint | undefined, now: Measured): Footprint {
  return {
    peakRssBytes: Math.max(before?.peakRssBytes ?? 0, now.peakRssBytes),
    peakPssBytes: Math.max(before?.peakPssBytes ?? 0, now.pssBytes ?? 0),
    peakPrivateBytes: Math.max(before?.peakPrivateBytes ?? 0, now.privateBytes ?? 0),
    cpuUserSeconds: Math.max(before?.cpuUserSeconds ?? 0, now.cpuUserSeconds),
    cpuSystemSeconds: Math.max(before?.cpuSystemSeconds ?? 0, now.cpuSystemSeconds),
  };
}

function kibField(text: string, name: string): number {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text);
  return match ? Number(match[1]) * KIB : 0;
}
