import { getDefaultHighWaterMark, setDefaultHighWaterMark, type Readable } from 'node:stream';

export interface Rate {
  readonly bytesPerSecond: number;
  /** So long is it not read after each chunk, so that what follows comes in one. */
  readonly gatherMs?: number;
}

/**
 * A guest's console: a verbose boot log; what it prints beyond comes later, and costs the others nothing. QEMU writes what
 * a guest prints byte by byte, and to read a byte costs as much as to read a thousand. A socket holds less than 300 such
 * writes, so that a longer pause would slow the guest's boot, and make its figures worse.
 */
export const CONSOLE: Rate = { bytesPerSecond: 256 * 1024, gatherMs: 2 };

/** Over which a stream's rate is judged: short enough that a person does not notice a pause. */
const PERIOD_MS = 100;

/**
 * Of a stream that is to be throttled: one that is paused is not read on, so that the system gathers what comes, and not
 * Node, which would read each byte for itself until its own buffer is full.
 */
export const HIGH_WATER_MARK = 1;

/** The same for the streams of a process that is started so: there is no such option. */
export function startThrottled<T>(start: () => T): T {
  const usual = getDefaultHighWaterMark(false);
  setDefaultHighWaterMark(false, HIGH_WATER_MARK);
  try {
    return start();
  } finally {
    setDefaultHighWaterMark(false, usual);
  }
}

export interface Throttled {
  /** Nothing more is written at the other end: what is left comes at once. */
  lift(): void;
}

/**
 * Delivers a stream's chunks, the first at once, and at most so many bytes a second: beyond them the stream is not read
 * until they have been paid for, its buffers fill, and whoever writes at the other end has to wait. A flood costs a bounded
 * share of the CPU.
 */
export function deliverThrottled(
  stream: Readable,
  { bytesPerSecond, gatherMs }: Rate,
  deliver: (chunk: Buffer) => void,
): Throttled {
  const budget = (bytesPerSecond * PERIOD_MS) / 1000;
  let spent = 0;
  let lifted = false;
  let period: NodeJS.Timeout | undefined;
  const resume = (): void => {
    if (spent < budget) stream.resume();
  };
  // It begins with a chunk; a quiet stream has no timer.
  const begin = (): void => {
    period = setTimeout(() => {
      spent = Math.max(0, spent - budget);
      period = undefined;
      if (spent >= budget) begin();
      resume();
    }, PERIOD_MS);
  };
  const stop = (): void => clearTimeout(period);
  stream.once('close', stop);
  stream.on('data', (chunk: Buffer) => {
    if (lifted) return deliver(chunk);
    spent += chunk.length;
    if (period === undefined) begin();
    if (spent >= budget || gatherMs !== undefined) stream.pause();
    if (gatherMs !== undefined) setTimeout(resume, gatherMs);
    deliver(chunk);
  });
  return {
    lift() {
      lifted = true;
      spent = 0;
      stop();
      stream.resume();
    },
  };
}
