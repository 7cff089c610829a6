import { setTimeout as delay } from 'node:timers/promises';
import { endsRun, reasonOf, type Logger, type RunId } from '../domain/index.js';
import type { Runner } from './runner.js';

/** A guest that fails at once is tried again soon, and one that always fails costs next to nothing. */
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;
/** A run that lasted this long was no failure to start. */
const STEADY_MS = 60_000;

/** Starts these images, and starts each again whenever it ends, until disposed; the runs themselves are the runner's. */
export function keepRunning(
  runner: Runner,
  images: readonly string[],
  newRunId: () => RunId,
  logger: Logger,
): AsyncDisposable {
  const stop = new AbortController();
  const loops = images.map((image) => keep(runner, image, newRunId, logger, stop.signal));
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.all(loops);
    },
  };
}

async function keep(
  runner: Runner,
  image: string,
  newRunId: () => RunId,
  logger: Logger,
  stopped: AbortSignal,
): Promise<void> {
  let pauseMs = FIRST_PAUSE_MS;
  while (!stopped.aborted) {
    const lastedMs = await runOnce(runner, image, newRunId(), logger, stopped);
    pauseMs = lastedMs > STEADY_MS ? FIRST_PAUSE_MS : pauseMs;
    // Rejects only when it was told to stop, and then the loop ends.
    await delay(pauseMs, undefined, { signal: stopped }).catch(() => undefined);
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  }
}

/** How long the run lasted, in milliseconds; 0 for one that could not start. */
async function runOnce(
  runner: Runner,
  image: string,
  id: RunId,
  logger: Logger,
  stopped: AbortSignal,
): Promise<number> {
  const news = runner.events.subscribe();
  const leave = (): void => void news.return?.();
  stopped.addEventListener('abort', leave, { once: true });
  try {
    await runner.start({ id, image });
    for await (const item of news) {
      if (endsRun(item, id) && item.kind === 'changed') return item.run.boot.endedMs ?? 0;
    }
    return 0;
  } catch (error) {
    logger.error({ image }, `cannot be kept running: ${reasonOf(error)}`);
    return 0;
  } finally {
    stopped.removeEventListener('abort', leave);
    leave();
  }
}
