import { BEFORE_EVERYTHING, PerigeeError, comparePositions } from '../domain/index.js';
import type { Clock, CursorKeeper, GatewayId, Logger, ObservationReader, Position } from '../domain/index.js';
import type { RunChangeReader, StoredObservation } from '../domain/index.js';
import type { Answer, BackendClient } from './backend-client.js';
import { parseRetryAfter } from './backoff.js';
import { BATCH_OBSERVATIONS_MAX, BATCH_RUNS_MAX, countSamples, encodeBatch, endOf, fits } from './batch.js';
import type { Batch } from './batch.js';
import { judgeReceipt } from './receipt.js';

/** The names of our cursors in the store: in the order of observations, and in that of changes to runs. */
export const SYNC_CURSORS = { observations: 'backend', runs: 'backend-runs' } as const;
const CURSOR = SYNC_CURSORS.observations;
const RUNS_CURSOR = SYNC_CURSORS.runs;

export interface CourierOptions {
  readonly store: Pick<ObservationReader, 'read'> & CursorKeeper & RunChangeReader;
  readonly gatewayId: GatewayId;
  /** Up to this epoch, the backend may hold what came behind the backup that the store was restored from. */
  readonly restoredEpoch?: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

export type Delivery =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'acknowledged'; readonly samples: number }
  | {
      readonly kind: 'failed';
      readonly error: PerigeeError;
      readonly retryAfterMs?: number | undefined;
      /** The backend refuses this very batch. */
      readonly blocked?: boolean;
    }
  | { readonly kind: 'aborted' };

/** Carries one batch at a time from the store to the backend, and the cursor forward by what the receipt covers. */
export class Courier {
  readonly #options: CourierOptions;
  readonly #client: BackendClient;
  #acknowledged: Position | undefined;
  #acknowledgedRuns: Position | undefined;

  constructor(options: CourierOptions, client: BackendClient) {
    this.#options = options;
    this.#client = client;
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
    const afterRuns = (this.#acknowledgedRuns ??= await store.cursor(RUNS_CURSOR));
    return { gatewayId, after, observations, runs: await store.changedRuns(afterRuns, BATCH_RUNS_MAX) };
  }

  async #settle(batch: Batch, answer: Answer): Promise<Delivery> {
    if (answer.kind === 'failed') {
      const retryAfterMs = parseRetryAfter(answer.retryAfter, this.#options.clock.wallMs());
      const { blocked } = answer;
      return {
        kind: 'failed',
        error: blocked ? blockedBy(answer.error, batch) : answer.error,
        retryAfterMs,
        blocked,
      };
    }
    const verdict = judgeReceipt(batch, answer.body);
    switch (verdict.kind) {
      case 'covered':
        return this.#accept(batch, endOf(batch));
      case 'beyond':
        // True after the gateway's own cursor went back; the rest follows in the next batches.
        if (this.#cameOfBackup(verdict.position) || (await this.#recorded(verdict.position)))
          return this.#accept(batch, endOf(batch));
        return refused(
          'it acknowledges more than this gateway ever recorded; another one may use the same id',
        );
      case 'behind':
        return this.#acceptPart(batch, verdict.position);
      case 'forgot':
        return this.#startOver();
      case 'invalid':
        return refused(verdict.complaint);
    }
  }

  async #accept(batch: Batch, position: Position): Promise<Delivery> {
    await this.#move(position);
    await this.#moveRuns(batch.runs.at(-1)?.position);
    const covered = batch.observations.filter((one) => one.position.sequence <= position.sequence);
    return { kind: 'acknowledged', samples: countSamples(covered) };
  }

  async #acceptPart(batch: Batch, position: Position): Promise<Delivery> {
    const first = batch.observations[0];
    if (first !== undefined && position.sequence >= first.position.sequence)
      return this.#accept(batch, position);
    return refused(
      `it holds epoch ${position.epoch} only up to ${position.sequence}, and not what it was sent`,
    );
  }

  /** The backend was wiped, or restored from an old copy. It applies once what it still has, so all is sent again. */
  async #startOver(): Promise<Delivery> {
    // Runs first: if the gateway ends in between, the next receipt says the same again.
    await this.#moveRuns(BEFORE_EVERYTHING);
    await this.#move(BEFORE_EVERYTHING);
    return refused('it lost what it had acknowledged; everything is sent again');
  }

  async #move(position: Position): Promise<void> {
    const before = this.#acknowledged;
    if (before !== undefined && comparePositions(before, position) === 0) return;
    await this.#options.store.setCursor(CURSOR, position);
    this.#acknowledged = position;
  }

  async #moveRuns(position: Position | undefined): Promise<void> {
    if (position === undefined) return;
    await this.#options.store.setCursor(RUNS_CURSOR, position);
    this.#acknowledgedRuns = position;
  }

  #cameOfBackup({ epoch }: Position): boolean {
    return epoch <= (this.#options.restoredEpoch ?? 0);
  }

  async #recorded(position: Position): Promise<boolean> {
    const before = { epoch: position.epoch, sequence: position.sequence - 1 };
    for await (const { position: next } of this.#options.store.read(before, 1)) {
      return next.epoch === position.epoch && next.sequence === position.sequence;
    }
    return false;
  }
}

/** Skipping what it refuses would lose it, so everything waits, and a person is told. */
function blockedBy(refusal: PerigeeError, { after }: Batch): PerigeeError {
  const place = `epoch ${after.epoch}, sequence ${after.sequence}`;
  const cure =
    'Update the backend, or report this as a defect; the gateway keeps everything and tries again.';
  const message = `${refusal.message}; until it takes that batch, nothing behind ${place} is sent`;
  return new PerigeeError('backend-refused', message, cure, { cause: refusal });
}

function refused(why: string): Delivery {
  const cure =
    'Check that sync.url is that of this gateway’s Perigee backend; the gateway keeps everything and tries again.';
  return {
    kind: 'failed',
    error: new PerigeeError('backend-refused', `the backend's answer is not trusted: ${why}`, cure),
  };
}
