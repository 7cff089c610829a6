import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { PerigeeError, type Architecture } from '../domain/index.js';

const ARCHITECTURE_OF_NODE: Readonly<Record<string, Architecture>> = {
  x64: 'x86_64',
  arm64: 'arm64',
  arm: 'armv7',
};

/** @throws PerigeeError `run-refused` on a processor that we build no guests for. */
export function hostArchitecture(): Architecture {
  const architecture = ARCHITECTURE_OF_NODE[process.arch];
  if (architecture) return architecture;
  const cure = 'Use a 64-bit PC, or a board with a 64-bit or ARMv7 processor.';
  throw new PerigeeError('run-refused', `there are no guests for the processor ${process.arch}`, cure);
}

/** Of this start of the board; empty where the system has none. */
export async function bootId(): Promise<string> {
  try {
    return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  } catch {
    // Not on Linux.
    return '';
  }
}

/** elf.h: of the pairs of words that the kernel gives each program, the one with the size of a page. */
const AT_PAGESZ = 6n;

/** Of this board's kernel; undefined where it does not say. */
export function pageBytes(): number | undefined {
  try {
    // Its words have 64 bits on every board that the answer matters on.
    const words = readFileSync('/proc/self/auxv');
    for (let at = 0; at + 16 <= words.length; at += 16)
      if (words.readBigUInt64LE(at) === AT_PAGESZ) return Number(words.readBigUInt64LE(at + 8));
  } catch {
    // No /proc: what needs to know has to try.
  }
  return undefined;
}
