import { setTimeout as delay } from 'node:timers/promises';
import { newRunId } from '../../src/platform/index.js';
import type { GatewayProcess } from '../../test/support/gateway-process.js';
import { median, rounded, type Figures } from '../bench.js';
import { enrol } from './served.js';

/**
 * Of what a person does with a phone, the waits: from the tap to the accepted run, with everything that lies between; and
 * within a session from the trigger to the first metric of a guest that was kept ready.
 */
export async function measureRuns(
  gateway: GatewayProcess,
  intervalMs: number,
  rounds: number,
): Promise<Figures> {
  await using visitor = await enrol(gateway, 'Runner');
  const [accepted, metric]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    await visitor.near();
    await warm(gateway);
    const since = performance.now();
    await using here = await visitor.connect();
    for await (const { state } of here.session.start({ runId: newRunId(), image: 'hello' }))
      if (state === 'accepted') accepted.push(performance.now() - since);
    await warm(gateway);
    const triggered = performance.now();
    let first: number | undefined;
    for await (const { values } of here.session.start({ runId: newRunId(), image: 'hello' }))
      if ((values?.length ?? 0) > 0) first ??= performance.now() - triggered;
    metric.push(first ?? NaN);
  }
  return {
    acceptedMs: rounded(median(accepted)),
    triggerToMetricMs: rounded(median(metric)),
    // A write at any time waits half an interval for its event; what comes of it takes the next one.
    linkMs: rounded(1.5 * intervalMs),
  };
}

async function warm({ control }: GatewayProcess): Promise<void> {
  while ((await control.status()).readyGuests['hello'] === undefined) await delay(20);
}
