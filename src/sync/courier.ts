import { PerigeeError } from '../domain/index.js';
import type { Clock, CursorKeeper, GatewayId, Logger, ObservationReader, Position } from '../domain/index.js';
import type { StoredObservation } from '../domain/index.js';
import type { Answer, BackendClient } from './backend-client.js';
import { parseRetryAfter } from './backoff.js';
import { BATCH_OBSERVATIONS_MAX, BATCH_RUNS_MAX, countSamples, encodeBatch, endOf, fits } from './batch.js';
import type { Batch } from './batch.js';
import { judgeReceipt } from './receipt.js';
import { RunTracker } from './run-tracker.js';
import type { Journal } from './run-tracker.js';

/** The name of our place in the store. */
const CURSOR = 'backend';

export interface CourierOptions {
  readonly store: Pick<ObservationReader, 'read'> & CursorKeeper & Journal;
  readonly gatewayId: GatewayId;
  readonly clock: Clock;
  readonly logger: Logger;
}

export type Delivery =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'acknowledged'; readonly samples: number }
  | { readonly kind: 'failed'; readonly error: PerigeeError; readonly retryAfterMs?: number | undefined }
  | { readonly kind: 'aborted' };

/** Carries one batch at a time from the store to the backend, and the cursor forward by what the receipt covers. */
export class Courier {
  readonly #options: CourierOptions;
  readonly #client: BackendClient;
  readonly #runs: RunTracker;
  #acknowledged: Position | undefined;

  constructor(options: CourierOptions, client: BackendClient) {
    this.#options = options;
    this.#client = client;
    this.#runs = new RunTracker(options.store);
  }

  /** The cursor, once it was read. */
  get acknowledged(): Position | undefined {
    return this.#acknowledged;
  }

  /** Sends what follows the cursor. Never rejects for what the world, the backend or the store's disk did. */
  async deliver(signal: AbortSignal): Promise<Delivery> {
    try {
      const batch = await this.#cut();
      if (batch.observations.length + batch.runs.length === 0) return { kind: 'nothing' };
      return await this.#settle(batch, await this.#client.post(encodeBatch(batch), signal));
    } catch (error) {
      if (signal.aborted) return { kind: 'aborted' };
      if (error instanceof PerigeeError) return { kind: 'failed', error };
      throw error;
    }
  }

  /** The next batch as the store stands now. Stops reading at the first observation that belongs to the one after. */
  async #cut(): Promise<Batch> {
    const { store, gatewayId } = this.#options;
    const after = (this.#acknowledged ??= await store.cursor(CURSOR));
    const observations: StoredObservation[] = [];
    let samples = 0;
    for await (const next of store.read(after, BATCH_OBSERVATIONS_MAX)) {
      if (!fits(observations.at(-1), samples, next)) break;
      observations.push(next);
      samples += next.samples.length;
    }
    return { gatewayId, after, observations, runs: await this.#runs.changed(BATCH_RUNS_MAX) };
  }

  async #settle(batch: Batch, answer: Answer): Promise<Delivery> {
    if (answer.kind === 'failed') {
      const retryAfterMs = parseRetryAfter(answer.retryAfter, this.#options.clock.wallMs());
      return { kind: 'failed', error: answer.error, retryAfterMs };
    }
    const verdict = judgeReceipt(batch, answer.body);
    switch (verdict.kind) {
      case 'covered':
        return this.#accept(batch, endOf(batch));
      case 'beyond':
        // True after the gateway's own cursor went back; the rest follows in the next batches.
        if (await this.#recorded(verdict.position)) return this.#accept(batch, endOf(batch));
        return refused(
          'it acknowledges more than this gateway ever recorded; another one may use the same id',
        );
      case 'behind':
        return this.#fallBack(batch, verdict.position);
      case 'invalid':
        return refused(verdict.complaint);
    }
  }

  async #accept(batch: Batch, position: Position): Promise<Delivery> {
    await this.#move(position);
    this.#runs.acknowledge(batch.runs);
    const covered = batch.observations.filter((one) => one.position.sequence <= position.sequence);
    return { kind: 'acknowledged', samples: countSamples(covered) };
  }

  /** The backend holds less than was sent. If it even lost what it had acknowledged, that is sent again. */
  async #fallBack(batch: Batch, position: Position): Promise<Delivery> {
    const first = batch.observations[0];
    if (first !== undefined && position.sequence >= first.position.sequence)
      return this.#accept(batch, position);
    await this.#move(position);
    return refused(
      `it holds epoch ${position.epoch} only up to ${position.sequence}; what follows is sent again`,
    );
  }

  async #move(position: Position): Promise<void> {
    const before = this.#acknowledged;
    if (before?.epoch === position.epoch && before.sequence === position.sequence) return;
    await this.#options.store.setCursor(CURSOR, position);
    this.#acknowledged = position;
  }

  async #recorded(position: Position): Promise<boolean> {
    const before = { epoch: position.epoch, sequence: position.sequence - 1 };
    for await (const { position: next } of this.#options.store.read(before, 1)) {
      return next.epoch === position.epoch && next.sequence === position.sequence;
    }
    return false;
  }
}

function refused(why: string): Delivery {
  const cure =
    'Check that sync.url is that of this gateway’s Perigee backend; the gateway keeps everything and tries again.';
  return {
    kind: 'failed',
    error: new PerigeeError('backend-refused', `the backend's answer is not trusted: ${why}`, cure),
  };
}
