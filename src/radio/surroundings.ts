import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Process, RadioSwitch, Surroundings } from './diagnosis.js';

/** Where the kernel says it. */
export interface KernelPaths {
  /** Adapters. */
  readonly bluetooth: string;
  /** Radio switches. */
  readonly rfkill: string;
  readonly proc: string;
}

export const KERNEL_PATHS: KernelPaths = {
  bluetooth: '/sys/class/bluetooth',
  rfkill: '/sys/class/rfkill',
  proc: '/proc',
};

/** What a radio needs, by the number of its bit (capability.h). */
const CAPABILITIES = [
  [12n, 'CAP_NET_ADMIN'],
  [13n, 'CAP_NET_RAW'],
] as const;
/** /proc/net/hci: sk, references, read and write memory, user, inode, parent. */
const INODE_COLUMN = 5;
/** Programs named in one line. */
const MAX_HOLDERS = 3;

/** Of `processId`, or of this process. */
export function surroundings(paths: KernelPaths, processId: number | 'self' = 'self'): Surroundings {
  return {
    switches: bluetoothSwitches(paths.rfkill),
    missingCapabilities: missingCapabilities(paths.proc, processId),
    holders: holders(paths.proc),
  };
}

export function bluetoothSwitches(rfkill: string): readonly RadioSwitch[] {
  const say = (...path: readonly string[]): string => said(join(rfkill, ...path)).trim();
  return listed(rfkill)
    .filter((entry) => say(entry, 'type') === 'bluetooth')
    .map((entry) => ({
      name: say(entry, 'name'),
      soft: say(entry, 'soft') === '1',
      hard: say(entry, 'hard') === '1',
    }));
}

function missingCapabilities(proc: string, processId: number | 'self'): readonly string[] | undefined {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(said(join(proc, String(processId), 'status')))?.[1];
  if (effective === undefined) return undefined;
  const bits = BigInt(`0x${effective}`);
  return CAPABILITIES.filter(([bit]) => (bits & (1n << bit)) === 0n).map(([, name]) => name);
}

/** The daemon, and programs with a Bluetooth socket: another user's cannot be seen without root. */
function holders(proc: string): readonly Process[] {
  const sockets = new Set(hciSockets(proc));
  const found: Process[] = [];
  for (const entry of listed(proc)) {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) continue;
    const name = said(join(proc, entry, 'comm')).trim();
    if (name !== 'bluetoothd' && !hasSocket(join(proc, entry, 'fd'), sockets)) continue;
    found.push({ name, processId: Number(entry) });
    if (found.length === MAX_HOLDERS) break;
  }
  return found;
}

/** Of all processes, as links of /proc name them. */
export function hciSockets(proc: string): readonly string[] {
  const rows = said(join(proc, 'net/hci')).trim().split('\n').slice(1);
  return rows.map((row) => `socket:[${row.trim().split(/\s+/)[INODE_COLUMN] ?? ''}]`);
}

function hasSocket(directory: string, sockets: ReadonlySet<string>): boolean {
  return sockets.size > 0 && descriptorsOf(directory).some(([, target]) => sockets.has(target));
}

/** The open files of a process, and what each leads to. */
export function descriptorsOf(directory: string): readonly (readonly [descriptor: number, target: string])[] {
  return listed(directory).flatMap((entry) => {
    try {
      return [[Number(entry), readlinkSync(join(directory, entry))] as const];
    } catch {
      // It was closed meanwhile.
      return [];
    }
  });
}

/** Empty where the kernel says nothing: not built in, another user's, or gone meanwhile. */
function said(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function listed(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
