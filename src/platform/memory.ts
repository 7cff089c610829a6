import { readFileSync } from 'node:fs';
import { freemem, totalmem } from 'node:os';

const MIB = 2 ** 20;

/** What the board has, and what can be had of it without swapping: MemAvailable of proc(5). */
export function boardMemory(): { readonly totalMib: number; readonly availableMib: number } {
  const availableMib = linuxAvailableMib() ?? freemem() / MIB;
  return { totalMib: Math.floor(totalmem() / MIB), availableMib: Math.floor(availableMib) };
}

/** Undefined where there is no such file: on a developer's machine of another kind. */
function linuxAvailableMib(): number | undefined {
  try {
    const kib = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'latin1'))?.[1];
    return kib === undefined ? undefined : Number(kib) / 1024;
  } catch {
    // No /proc: there is another figure.
    return undefined;
  }
}
