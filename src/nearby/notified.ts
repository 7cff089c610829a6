import type { MetricReading } from './described.js';
import type { NobleCharacteristic } from './noble-types.js';
import { ValueQueue } from './value-queue.js';

/** Values that wait for a slow reader. */
const MAX_WAITING_VALUES = 64;

/** Where values come from by themselves, and how they are read. */
export interface Source {
  readonly characteristic: NobleCharacteristic;
  readonly read: (bytes: Uint8Array) => readonly MetricReading[];
}

interface Listening {
  /** Those that end with the connection. */
  readonly queues: Set<ValueQueue<MetricReading>>;
  readonly subscribe: (characteristic: NobleCharacteristic) => Promise<void>;
  readonly signal?: AbortSignal | undefined;
}

/** What the sources tell, until the connection ends; rejects on abort. The subscriptions stay until the connection ends. */
export async function* notified(
  sources: readonly Source[],
  { queues, signal, subscribe }: Listening,
): AsyncGenerator<MetricReading, void, undefined> {
  const queue = new ValueQueue<MetricReading>(MAX_WAITING_VALUES);
  const listening = sources.map(({ characteristic, read }) => {
    const listener = (bytes: Buffer, isNotified: boolean): void => {
      if (isNotified) for (const value of read(bytes)) queue.push(value);
    };
    return { characteristic, listener };
  });
  const end = (): void => queue.end();
  queues.add(queue);
  signal?.addEventListener('abort', end);
  try {
    for (const { characteristic, listener } of listening) {
      characteristic.on('data', listener);
      await subscribe(characteristic);
    }
    yield* queue;
    signal?.throwIfAborted();
  } finally {
    signal?.removeEventListener('abort', end);
    queues.delete(queue);
    for (const { characteristic, listener } of listening) characteristic.off('data', listener);
  }
}
