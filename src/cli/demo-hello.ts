import { setTimeout as delay } from 'node:timers/promises';
import { PerigeeError, type GatewayControl, type RunNews } from '../domain/index.js';
import { newRunId } from '../platform/index.js';
import { remark } from './output.js';

/** Hello is started again and again, so that a run from its request to its end can be watched. */
const HELLO_EVERY_MS = 10_000;

/** Until the signal. A hello that is refused is said once for each reason, and the demo goes on without it. */
export async function runHello(control: Pick<GatewayControl, 'run'>, signal: AbortSignal): Promise<void> {
  const said = new Set<string>();
  const told = new Promise<void>((leave) => signal.addEventListener('abort', () => leave(), { once: true }));
  while (!signal.aborted) {
    try {
      // Left, not awaited, when it is told to end: what is stuck is the gateway's to end.
      await Promise.race([toItsEnd(control.run({ id: newRunId(), image: 'hello' })), told]);
    } catch (error) {
      if (!(error instanceof PerigeeError)) throw error;
      if (!said.has(error.message)) remark(`hello does not run: ${error.message}\n  ${error.cure}`);
      said.add(error.message);
    }
    // Rejects only on abort, and then the loop ends.
    await delay(HELLO_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}

async function toItsEnd(news: AsyncIterable<RunNews>): Promise<void> {
  const reader = news[Symbol.asyncIterator]();
  while ((await reader.next()).done !== true);
}
