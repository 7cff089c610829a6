import { setTimeout as delay } from 'node:timers/promises';
import { PerigeeError, type Clock } from '../domain/index.js';
import type { FirstReport } from '../domain/index.js';
import type { Accelerator, TrialResult, Trials } from './evidence.js';

export interface RaceLimits {
  /** No trial lasts longer. The slowest board known boots our guest under TCG in about a second, from a cold card in three. */
  readonly trialMs: number;
  /** Once one accelerator has reported, the other has as many times as long again … */
  readonly graceFactor: number;
  /** … and this, so that a hiccup of a busy board decides nothing. */
  readonly graceMs: number;
  /** A killed QEMU that is not gone by then is stuck in the kernel, and must not hold up the gateway too. */
  readonly reapMs: number;
}

export const RACE_LIMITS: RaceLimits = { trialMs: 10_000, graceFactor: 2, graceMs: 250, reapMs: 2000 };

const LOOP_METRIC = 'guest_loop';

/** Both accelerators at once, so that both find the board equally busy. Ends within trialMs and reapMs, whatever they do. */
export async function raceAccelerators(
  start: (accelerator: Accelerator, stopped: AbortSignal) => Promise<FirstReport>,
  clock: Clock,
  limits: RaceLimits,
): Promise<Trials> {
  const startedUs = clock.monotonicUs();
  const elapsedMs = (): number => (clock.monotonicUs() - startedUs) / 1000;
  const stop = new AbortController();
  const timers = [setTimeout(() => stop.abort(), limits.trialMs)];
  const run = async (accelerator: Accelerator): Promise<TrialResult> => {
    const first = await endsSoonAfter(stop.signal, limits.reapMs, start(accelerator, stop.signal));
    const result = measured(first, elapsedMs());
    if (result.kind === 'reported')
      timers.push(setTimeout(() => stop.abort(), result.afterMs * limits.graceFactor + limits.graceMs));
    return result;
  };
  try {
    const [tcg, kvm] = await Promise.all([run('tcg'), run('kvm')]);
    return { tcg, kvm };
  } finally {
    timers.forEach((timer) => clearTimeout(timer));
    stop.abort();
  }
}

/** The trial's own end; `late` when it does not come to one although it was told to stop; `ended` when it could not start. */
async function endsSoonAfter(
  stopped: AbortSignal,
  reapMs: number,
  trial: Promise<FirstReport>,
): Promise<FirstReport> {
  const over = new AbortController();
  const stuck = new Promise<FirstReport>((resolve) => {
    const wait = (): void =>
      // Rejects when the trial ended first, and then nobody waits any more.
      void delay(reapMs, undefined, { signal: over.signal }).then(
        () => resolve({ kind: 'late' }),
        () => undefined,
      );
    stopped.addEventListener('abort', wait, { once: true, signal: over.signal });
  });
  try {
    return await Promise.race([trial, stuck]);
  } catch (error) {
    if (error instanceof PerigeeError) return { kind: 'ended', detail: error.message };
    throw error;
  } finally {
    over.abort();
  }
}

function measured(first: FirstReport, afterMs: number): TrialResult {
  switch (first.kind) {
    case 'reported': {
      const loopMs = first.samples.find(({ series }) => series.name === LOOP_METRIC)?.value ?? 0;
      if (loopMs > 0) return { kind: 'reported', loopMs, afterMs };
      return {
        kind: 'failed',
        detail: `it reported no ${LOOP_METRIC}: the image is not the one of this version`,
      };
    }
    case 'ended':
      return { kind: 'failed', detail: first.detail };
    case 'paused':
      return first;
    case 'late':
      return { kind: 'late', afterMs };
  }
}
