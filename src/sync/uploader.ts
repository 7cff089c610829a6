import { setTimeout as sleep } from 'node:timers/promises';
import { PerigeeError } from '../domain/index.js';
import { BackendClient } from './backend-client.js';
import { backoffMs } from './backoff.js';
import type { Random } from './backoff.js';
import { Courier } from './courier.js';
import type { CourierOptions, Delivery } from './courier.js';
import type { SyncOutcome, SyncState, SyncStatus } from './status.js';

/** The largest batch takes a slow link (10 kB/s) ten seconds. */
const REQUEST_TIMEOUT_MS = 30_000;

export interface UploaderOptions extends CourierOptions {
  /** The backend's base address, http or https; absent when there is none to sync to. */
  readonly url?: string | undefined;
  /** Between two looks for something new. */
  readonly intervalMs: number;
  /** For the back-off's jitter; Math.random unless told. */
  readonly random?: Random;
  /** From the first byte sent to the last received. */
  readonly requestTimeoutMs?: number;
}

/** Sends what the store gains to a backend, and remembers by a cursor in the store what the backend holds. */
export interface Uploader extends AsyncDisposable {
  /** Begins to send by itself, at once and then every interval. */
  start(): void;
  /** Sends until nothing is left, at the latest what was stored before the call. Waits for an upload under way. */
  syncNow(signal?: AbortSignal): Promise<SyncOutcome>;
  status(): SyncStatus;
}

/** Throws `config` if the URL is none. */
export function createUploader(options: UploaderOptions): Uploader {
  if (options.url === undefined) return disabledUploader();
  const timeoutMs = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
  return new BackendUploader(options, new BackendClient(batchesUrl(options.url), timeoutMs));
}

function disabledUploader(): Uploader {
  return {
    start: ignore,
    syncNow: () => Promise.resolve({ kind: 'disabled' }),
    status: () => ({ state: { kind: 'disabled' }, batchesAcknowledged: 0, samplesAcknowledged: 0 }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function batchesUrl(base: string): URL {
  const url = URL.canParse(base) ? new URL(base.endsWith('/') ? base : `${base}/`) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return new URL('v1/batches', url);
  throw new PerigeeError(
    'config',
    'the backend address is no http or https URL',
    'Set sync.url as in http://10.0.0.5:8480.',
  );
}

const ignore = (): void => undefined;

class BackendUploader implements Uploader {
  readonly #options: UploaderOptions;
  readonly #client: BackendClient;
  readonly #courier: Courier;
  readonly #closing = new AbortController();
  /** Resolves once no upload is under way or in the queue. */
  #uploads: Promise<void> = Promise.resolve();
  #loop: Promise<void> | undefined;
  #state: SyncState = { kind: 'idle' };
  #lastError: PerigeeError | undefined;
  #batches = 0;
  #samples = 0;
  /** In a row. */
  #failures = 0;

  constructor(options: UploaderOptions, client: BackendClient) {
    this.#options = options;
    this.#client = client;
    this.#courier = new Courier(options, client);
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  status(): SyncStatus {
    const acknowledged = this.#courier.acknowledged;
    return {
      state: this.#state,
      batchesAcknowledged: this.#batches,
      samplesAcknowledged: this.#samples,
      ...(acknowledged === undefined ? {} : { acknowledged }),
      ...(this.#lastError === undefined ? {} : { lastError: this.#lastError }),
    };
  }

  syncNow(signal?: AbortSignal): Promise<SyncOutcome> {
    const closing = this.#closing.signal;
    const stop = signal === undefined ? closing : AbortSignal.any([closing, signal]);
    const upload = this.#uploads.then(() => this.#drain(stop));
    // Whoever called sees how it ended; the next one in the queue only needs to know that it did.
    this.#uploads = upload.then(ignore, ignore);
    return upload;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await Promise.all([this.#loop, this.#uploads]);
    this.#client[Symbol.dispose]();
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const outcome = await this.syncNow();
      const waitMs = outcome.kind === 'failed' ? outcome.retryInMs : this.#options.intervalMs;
      // Aborted when the uploader ends, which the loop's condition sees.
      await sleep(waitMs, undefined, { signal }).catch(ignore);
    }
  }

  async #drain(stop: AbortSignal): Promise<SyncOutcome> {
    const before = { batches: this.#batches, samples: this.#samples };
    for (;;) {
      if (stop.aborted) return this.#aborted();
      this.#state = { kind: 'sending' };
      const delivery = await this.#courier.deliver(stop);
      switch (delivery.kind) {
        case 'nothing':
          this.#state = { kind: 'idle' };
          return {
            kind: 'drained',
            batches: this.#batches - before.batches,
            samples: this.#samples - before.samples,
          };
        case 'acknowledged':
          this.#batches += 1;
          this.#samples += delivery.samples;
          this.#failures = 0;
          this.#lastError = undefined;
          break;
        case 'failed':
          return this.#failed(delivery);
        case 'aborted':
          return this.#aborted();
      }
    }
  }

  #aborted(): SyncOutcome {
    this.#state = { kind: 'idle' };
    return { kind: 'aborted' };
  }

  #failed({ error, retryAfterMs, blocked = false }: Delivery & { readonly kind: 'failed' }): SyncOutcome {
    const { clock, logger, random = Math.random } = this.#options;
    const { code, message: reason } = error;
    this.#failures += 1;
    this.#lastError = error;
    const retryInMs = Math.ceil(backoffMs(this.#failures, random, retryAfterMs));
    this.#state = { kind: 'waiting', untilUs: clock.monotonicUs() + retryInMs * 1000, reason, blocked };
    const fields = { code, reason, blocked, retryInMs, failures: this.#failures };
    if (blocked) logger.error(fields, 'sync is blocked: the backend refuses the next batch');
    else logger.warn(fields, 'sync failed');
    return { kind: 'failed', error, retryInMs };
  }
}
