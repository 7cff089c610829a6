import { promisify } from 'node:util';
import { inflate } from 'node:zlib';
import { BulkReceiver } from '@perigee/gatt';
import type { perigee } from '@perigee/proto';
import { PerigeeError } from '../domain/index.js';
import type { CallOptions } from './connection.js';
import type { ControlSession } from './control-session.js';

/** A snapshot is a few hundred kilobytes; what claims more is none. */
const MAX_BYTES = 8 * 1024 * 1024;
/** Connections that may be lost in a row with nothing received: then the gateway is out of reach. */
const FRUITLESS_MAX = 3;

const inflated = promisify(inflate);

/** A session that is open, and how it is put away. */
export interface Visit extends AsyncDisposable {
  readonly session: Pick<ControlSession, 'open' | 'fetch'>;
}

/**
 * Fetches a snapshot over as many sessions as it takes: when a connection is lost, the next one goes on where it was,
 * for as long as the gateway makes the same snapshot of the same words. @throws PerigeeError of the gateway's.
 */
export async function download(
  visit: () => Promise<Visit>,
  what: perigee.v1.OpenSnapshot.$Properties,
  options: CallOptions = {},
): Promise<Uint8Array> {
  let known: { readonly id: string; readonly plainSize: number; readonly receiver: BulkReceiver } | undefined;
  for (let fruitless = 0; ;) {
    const before = known?.receiver.received ?? 0;
    try {
      await using here = await visit();
      const { id: idBytes, plainSize, size } = await here.session.open(what, options);
      const id = Buffer.from(idBytes ?? []).toString('hex');
      if (known?.id !== id) {
        if ((size ?? 0) > MAX_BYTES || (plainSize ?? 0) > MAX_BYTES) throw tooLarge();
        known = { id, plainSize: plainSize ?? 0, receiver: new BulkReceiver(size ?? 0) };
      }
      const bytes = await here.session.fetch(known.receiver, options);
      return new Uint8Array(await inflated(bytes, { maxOutputLength: Math.max(1, known.plainSize) }));
    } catch (error) {
      const isLost = error instanceof PerigeeError && error.code === 'radio-unavailable';
      fruitless = (known?.receiver.received ?? 0) > before ? 0 : fruitless + 1;
      if (!isLost || fruitless >= FRUITLESS_MAX || options.signal?.aborted === true) throw error;
    }
  }
}

function tooLarge(): PerigeeError {
  return new PerigeeError(
    'usage',
    'the gateway offers more than this phone takes',
    'Ask for a shorter range.',
  );
}
