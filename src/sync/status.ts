import type { PerigeeError, Position } from '../domain/index.js';

export type SyncState =
  /** No backend is configured. */
  | { readonly kind: 'disabled' }
  /** All that was stored at the last look is acknowledged. */
  | { readonly kind: 'idle' }
  | { readonly kind: 'sending' }
  | {
      /** The last attempt failed. */
      readonly kind: 'waiting';
      /** On the gateway's monotonic clock. */
      readonly untilUs: number;
      readonly reason: string;
      /** The backend answers and refuses the next batch itself: nothing moves until a person mends one of the two. */
      readonly blocked: boolean;
    };

/** Counts are since the start of this process. */
export interface SyncStatus {
  readonly state: SyncState;
  readonly batchesAcknowledged: number;
  readonly samplesAcknowledged: number;
  /** The backend holds everything up to here; absent until the cursor was read. */
  readonly acknowledged?: Position;
  /** Absent when the last attempt succeeded. */
  readonly lastError?: PerigeeError;
}

export type SyncOutcome =
  | { readonly kind: 'disabled' }
  /** Everything that was stored is acknowledged. */
  | { readonly kind: 'drained'; readonly batches: number; readonly samples: number }
  /** The cursor stands behind the last batch that was acknowledged; try again after `retryInMs`. */
  | { readonly kind: 'failed'; readonly error: PerigeeError; readonly retryInMs: number }
  /** The signal, or the uploader's end, came first. */
  | { readonly kind: 'aborted' };
