import { setTimeout as delay } from 'node:timers/promises';
import { reasonOf } from '../domain/index.js';
import { openPhone, type MetricReading, type Phone } from '../nearby/index.js';

/** A person's patience between two looks at the screen. */
const READ_EVERY_MS = 2000;
const RETRY_MS = 1000;

/** What the phone in software has read so far. */
export interface PhoneView {
  reads: number;
  metrics: readonly MetricReading[];
  /** One line: what it does now. */
  state: string;
}

/** A phone that finds the gateway over the virtual radio and reads it again and again, until the signal. */
export async function runPhone(airSocket: string, view: PhoneView, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await using phone = await openPhone({ airSocket });
      await readForEver(phone, view, signal);
    } catch (error) {
      // Expected when it ended because it was told to; the loop looks.
      view.state = `tries again: ${reasonOf(error)}`;
      // Rejects only on abort, and then the loop ends.
      await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

async function readForEver(phone: Phone, view: PhoneView, signal: AbortSignal): Promise<void> {
  view.state = 'scans';
  const found = await phone.find({ signal });
  await using connection = await phone.connect(found, { signal });
  view.state = `connected to ${found.name} at ${found.address}`;
  while (!signal.aborted) {
    const metrics = await connection.readMetrics({ signal });
    view.metrics = metrics;
    view.reads += metrics.filter(({ value }) => value !== undefined).length;
    await delay(READ_EVERY_MS, undefined, { signal });
  }
}
