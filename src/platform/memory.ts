import { freemem, totalmem } from 'node:os';

const MIB = 2 ** 20;

/**
 * What the board has, and what can be had of it without swapping: on Linux, Node's free memory is MemAvailable of proc(5).
 * A start asks for it, so it is not read in JavaScript, which takes three times as long.
 */
export function boardMemory(): { readonly totalMib: number; readonly availableMib: number } {
  return { totalMib: Math.floor(totalmem() / MIB), availableMib: Math.floor(freemem() / MIB) };
}
