import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';
import { BulkReceiver, HISTORY_LIMITS } from '@perigee/gatt';
import type { perigee } from '@perigee/proto';
import { PerigeeError } from '../domain/index.js';
import type { CallOptions } from './connection.js';
import type { ControlSession } from './control-session.js';

/** A gateway makes none that is larger; what claims more is none, deflated or not. */
const MAX_BYTES = HISTORY_LIMITS.bytes;
/** Before the next try, of those in a row that brought nothing: a gateway that is started again is back by the last. */
const FRUITLESS_WAITS_MS: readonly number[] = [1_000, 5_000, 15_000];
/** Left out of what is there: none of it, about a chunk, and what some minutes more or less can change. */
const ENDS_BYTES = [0, 16 * 1024, 64 * 1024, 256 * 1024];
/** Of what a phone has: bytes of their SHA-256. */
const ID_BYTES = 16;

const inflate = promisify<Uint8Array, { readonly maxOutputLength: number }, Buffer>(inflateRaw);

/** A session that is open, and how it is put away. */
export interface Visit extends AsyncDisposable {
  readonly session: Pick<ControlSession, 'open' | 'fetch'>;
}

/** How a transfer goes on, for whoever waits for it. */
export type TransferNews =
  /** Bytes over the air, of so many. */
  | { readonly kind: 'received'; readonly bytes: number; readonly size: number }
  /** The connection was lost, and the gateway is looked for again. */
  | { readonly kind: 'lost'; readonly bytes: number; readonly reason: string };

export interface DownloadOptions extends CallOptions {
  readonly tell?: (news: TransferNews) => void;
  /** How time passes between two tries. */
  readonly wait?: (ms: number, signal?: AbortSignal) => Promise<void>;
}

/**
 * Fetches a snapshot over as many sessions as it takes: when a connection is lost, the next one goes on where it was, as
 * far as the gateway's snapshot of the same words still begins as it did. @throws PerigeeError of the gateway's.
 */
export async function download(
  visit: () => Promise<Visit>,
  what: perigee.v1.OpenSnapshot.$Properties,
  options: DownloadOptions = {},
): Promise<Uint8Array> {
  const transfer = new Transfer(what, options);
  const { signal, tell, wait = pause } = options;
  for (let fruitless = 0; ;) {
    const before = transfer.received;
    try {
      await using here = await visit();
      await transfer.goOn(here.session);
      break;
    } catch (error) {
      const isLost = error instanceof PerigeeError && error.code === 'radio-unavailable';
      fruitless = transfer.received > before ? 0 : fruitless + 1;
      const waitMs = fruitless === 0 ? 0 : FRUITLESS_WAITS_MS[fruitless - 1];
      if (!isLost || waitMs === undefined || signal?.aborted === true) throw error;
      tell?.({ kind: 'lost', bytes: transfer.received, reason: error.message });
      if (waitMs > 0) await wait(waitMs, signal);
    }
  }
  return transfer.inflated();
}

async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal });
}

class Transfer {
  readonly #what: perigee.v1.OpenSnapshot.$Properties;
  readonly #options: DownloadOptions;
  #receiver = new BulkReceiver(0);
  #plainSize = 0;

  constructor(what: perigee.v1.OpenSnapshot.$Properties, options: DownloadOptions) {
    this.#what = what;
    this.#options = options;
  }

  get received(): number {
    return this.#receiver.received.length;
  }

  async goOn(session: Visit['session']): Promise<void> {
    const have = this.#receiver.received;
    const opened = await session.open({ ...this.#what, have: beginningsOf(have) }, this.#options);
    const [size, plainSize] = [opened.size ?? 0, opened.plainSize ?? 0];
    if (size > MAX_BYTES || plainSize > MAX_BYTES) throw tooLarge();
    this.#plainSize = plainSize;
    this.#receiver = new BulkReceiver(size, have.subarray(0, opened.from ?? 0));
    const taken = (): void => this.#options.tell?.({ kind: 'received', bytes: this.received, size });
    taken();
    if (this.received < size) await session.fetch(this.#receiver, { ...this.#options, taken });
  }

  async inflated(): Promise<Uint8Array> {
    const options = { maxOutputLength: Math.max(1, this.#plainSize) };
    try {
      return new Uint8Array(await inflate(this.#receiver.received, options));
    } catch (cause) {
      const cure = 'Update whichever of the two is older.';
      throw new PerigeeError('radio-unavailable', 'the gateway sent what is no snapshot', cure, { cause });
    }
  }
}

/** What the gateway's snapshot may begin with, though its end is another by now. */
function beginningsOf(have: Uint8Array): perigee.v1.Beginning.$Properties[] {
  return ENDS_BYTES.map((end) => have.length - end)
    .filter((size) => size > 0)
    .map((size) => ({ size, id: idOf(have.subarray(0, size)) }));
}

function idOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest().subarray(0, ID_BYTES));
}

function tooLarge(): PerigeeError {
  return new PerigeeError(
    'usage',
    'the gateway offers more than this phone takes',
    'Ask for a shorter range.',
  );
}
