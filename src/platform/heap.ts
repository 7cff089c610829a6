import { setFlagsFromString } from 'node:v8';

/**
 * Keeps V8's young generation at its first size. It would grow to 48 MiB and never shrink, to spare a program that
 * allocates fast some of its collections; a gateway allocates slowly, and a board has better use for the memory.
 * To be called before anything has been allocated.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
