import { concat } from './bytes.js';
import { TAG_BYTES } from './cipher-state.js';

/**
 * Bulk transfer: a snapshot, which never changes, in pieces that the phone asks for by credit. Both run inside a session,
 * whose order is strict, so that nothing is lost but with the whole session; then the phone goes on where it was.
 *
 *     data     gateway to phone   offset:u32 bytes
 *     credit   phone to gateway   from:u32 until:u32     little-endian: all before `from` is there, send up to `until`
 *
 * The first credit of a transfer says where it begins; later ones grant more.
 */
const OFFSET_BYTES = 4;
const CREDIT_BYTES = 2 * OFFSET_BYTES;
/** Of a fragment, and of the plaintext in a piece's fragments: what is there beside the snapshot's bytes. */
const FRAGMENT_HEAD_BYTES = 1;
const CHANNEL_BYTES = 1;
const PIECE_HEAD_BYTES = TAG_BYTES + CHANNEL_BYTES + OFFSET_BYTES;
/** One tag for so many: 3 % of what is sent is no data, and an answer waits behind one connection event's packets at most. */
const PIECE_FRAGMENTS = 4;
/** Half of it is what goes out while a credit travels, which takes three connection events of eight packets at most. */
const WINDOW_PIECES = 12;
/** More than any phone is granted at once has no use, and no phone means it. */
const MAX_WINDOW_BYTES = 32 * 512;

/** What one message may carry so that it fills its packets. */
export function pieceBytes(maxFragmentBytes: number): number {
  return PIECE_FRAGMENTS * (maxFragmentBytes - FRAGMENT_HEAD_BYTES) - PIECE_HEAD_BYTES;
}

export interface Credit {
  readonly from: number;
  readonly until: number;
}

export function encodeCredit({ from, until }: Credit): Uint8Array {
  return concat(u32(from), u32(until));
}

/** Undefined for other lengths, and for a range that is none. */
export function decodeCredit(bytes: Uint8Array): Credit | undefined {
  if (bytes.length !== CREDIT_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [from, until] = [view.getUint32(0, true), view.getUint32(OFFSET_BYTES, true)];
  return from <= until && until - from <= MAX_WINDOW_BYTES ? { from, until } : undefined;
}

/** The gateway's side of one transfer. */
export class BulkSender {
  readonly #snapshot: Uint8Array;
  #next: number | undefined;
  #until = 0;

  constructor(snapshot: Uint8Array) {
    this.#snapshot = snapshot;
  }

  /** False for a credit that no phone of ours would give. */
  grant({ from, until }: Credit): boolean {
    this.#next ??= from;
    if (until > this.#snapshot.length || from > this.#next || until < this.#until) return false;
    this.#until = until;
    return true;
  }

  /** The next piece of at most so many bytes; undefined until there is more credit. */
  take(maxBytes: number): Uint8Array | undefined {
    const from = this.#next ?? 0;
    const until = Math.min(this.#until, from + maxBytes);
    if (this.#next === undefined || from >= until) return undefined;
    this.#next = until;
    return concat(u32(from), this.#snapshot.subarray(from, until));
  }

  get isDone(): boolean {
    return this.#next === this.#snapshot.length;
  }
}

export type Progress =
  /** `credit` is to be sent, where there is one. */
  | { readonly kind: 'going'; readonly credit?: Credit }
  | { readonly kind: 'done'; readonly snapshot: Uint8Array }
  /** A piece that does not come next: the gateway is none of ours. */
  | { readonly kind: 'fault' };

/** The phone's side; it outlives sessions. */
export class BulkReceiver {
  readonly #bytes: Uint8Array;
  #have = 0;
  #granted = 0;
  #window = 0;

  /** `begun` is how the snapshot begins, where that is there from before. */
  constructor(size: number, begun: Uint8Array = new Uint8Array()) {
    this.#bytes = new Uint8Array(size);
    this.#bytes.set(begun.subarray(0, size));
    this.#have = Math.min(size, begun.length);
  }

  get size(): number {
    return this.#bytes.length;
  }

  /** What is there, from the beginning on: all of it once the transfer is done. */
  get received(): Uint8Array {
    return this.#bytes.subarray(0, this.#have);
  }

  /** What to ask for first in each session; undefined for a snapshot that is whole. */
  begin(maxFragmentBytes: number): Credit | undefined {
    this.#window = Math.min(MAX_WINDOW_BYTES, WINDOW_PIECES * pieceBytes(maxFragmentBytes));
    this.#granted = this.#have;
    return this.#have === this.#bytes.length ? undefined : this.#grant();
  }

  take(piece: Uint8Array): Progress {
    const at = new DataView(piece.buffer, piece.byteOffset, piece.byteLength);
    const length = piece.length - OFFSET_BYTES;
    if (length <= 0 || at.getUint32(0, true) !== this.#have || this.#have + length > this.#granted)
      return { kind: 'fault' };
    this.#bytes.set(piece.subarray(OFFSET_BYTES), this.#have);
    this.#have += length;
    if (this.#have === this.#bytes.length) return { kind: 'done', snapshot: this.#bytes };
    // Half a window early, so that the gateway never runs dry while the credit travels.
    const isEnough = this.#granted === this.#bytes.length || this.#granted - this.#have > this.#window / 2;
    return isEnough ? { kind: 'going' } : { kind: 'going', credit: this.#grant() };
  }

  #grant(): Credit {
    this.#granted = Math.min(this.#bytes.length, this.#have + this.#window);
    return { from: this.#have, until: this.#granted };
  }
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(OFFSET_BYTES);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}
