import type { Readable } from 'node:stream';

/** Of a guest's console: a verbose boot log; what it prints beyond comes later, and costs the others nothing. */
export const CONSOLE_BYTES_PER_SECOND = 256 * 1024;

/** Over which a stream's rate is judged: short enough that a person does not notice a pause. */
const PERIOD_MS = 100;

/**
 * Delivers a stream's chunks, at most so many bytes a second: beyond them the stream is not read for the rest of the
 * period, its buffers fill, and whoever writes at the other end has to wait. A flood costs a bounded share of the CPU.
 */
export function deliverThrottled(
  stream: Readable,
  bytesPerSecond: number,
  deliver: (chunk: Buffer) => void,
): void {
  const budget = (bytesPerSecond * PERIOD_MS) / 1000;
  let spent = 0;
  let timer: NodeJS.Timeout | undefined;
  stream.on('data', (chunk: Buffer) => {
    spent += chunk.length;
    // A new period begins with the first chunk; a quiet stream has no timer.
    timer ??= setTimeout(() => {
      timer = undefined;
      spent = Math.max(0, spent - budget);
      stream.resume();
    }, PERIOD_MS);
    if (spent >= budget) stream.pause();
    deliver(chunk);
  });
}
