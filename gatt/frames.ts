import { concat } from './bytes.js';
import { TAG_BYTES } from './cipher-state.js';

/**
 * What travels over the rx and tx characteristics: messages, each in as many fragments as the connection's MTU asks for.
 *
 *     fragment = head:u8 data
 *     head     = start:1 end:1 kind:6      the first fragment of a message has start, the last has end
 *
 * The twin on the other side is this file: phones and gateway share it.
 */
export const FRAME_KINDS = {
  /** Phone to gateway: the first message of Noise IK. */
  hello: 1,
  /** Phone to gateway: the first message of Noise IKpsk2. */
  enrolment: 2,
  /** Gateway to phone: the second message of either. */
  welcome: 3,
  /** Both ways: one message of the session. */
  sealed: 4,
  /** Gateway to phone: a status of status.ts, one byte, in the clear, since without a session there is no other way. */
  status: 5,
} as const;
export type FrameKind = keyof typeof FRAME_KINDS;

/** One plaintext of a session: a screen of runs or images. What is larger goes by bulk transfer. */
export const MAX_PLAINTEXT_BYTES = 4096;

/** No message of a kind is longer; what claims more is not kept. Handshakes: three keys, two tags, and a short payload. */
export const MAX_MESSAGE_BYTES: Readonly<Record<FrameKind, number>> = {
  hello: 128,
  enrolment: 128,
  welcome: 512,
  sealed: MAX_PLAINTEXT_BYTES + TAG_BYTES,
  status: 1,
};

/** Of an ATT value at the smallest MTU, 23: what every connection carries. */
export const MIN_FRAGMENT_BYTES = 20;

const START = 0x80;
const END = 0x40;
const KIND_BITS = 0x3f;

/** At most `maxBytes` each, head and all; one fragment more may begin with a larger size, when the MTU has grown. */
export function fragments(kind: FrameKind, message: Uint8Array, maxBytes: number): readonly Uint8Array[] {
  if (maxBytes < MIN_FRAGMENT_BYTES)
    throw new RangeError(`a fragment has room for ${MIN_FRAGMENT_BYTES} bytes`);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < message.length; at += maxBytes - 1) {
    const data = message.subarray(at, at + maxBytes - 1);
    const start = at === 0 ? START : 0;
    const end = at + data.length === message.length ? END : 0;
    pieces.push(concat(Uint8Array.of(start | end | FRAME_KINDS[kind]), data));
  }
  return pieces;
}

export type Received =
  | { readonly kind: 'partial' }
  | { readonly kind: 'message'; readonly of: FrameKind; readonly bytes: Uint8Array }
  /** No fragment that could stand here: whatever was begun is dropped. */
  | { readonly kind: 'fault'; readonly reason: string };

const KINDS = Object.keys(FRAME_KINDS) as FrameKind[];

/** Puts the fragments of one direction of one connection together again. Everything that comes in is hostile. */
export class Reassembler {
  readonly #expected: readonly FrameKind[];
  #begun: { readonly of: FrameKind; readonly parts: Uint8Array[]; bytes: number } | undefined;

  /** The kinds that the other side may send. */
  constructor(expected: readonly FrameKind[]) {
    this.#expected = expected;
  }

  push(fragment: Uint8Array): Received {
    const [head] = fragment;
    if (head === undefined || fragment.length === 1) return this.#fault('a fragment without data');
    const of = KINDS.find((kind) => FRAME_KINDS[kind] === (head & KIND_BITS));
    if (of === undefined || !this.#expected.includes(of)) return this.#fault('a fragment of no known kind');
    if ((head & START) !== 0) {
      // A phone whose app was restarted begins anew, with half a message of the old one before it.
      if (this.#begun !== undefined && of === 'sealed') return this.#fault('a message within a message');
      this.#begun = { of, parts: [], bytes: 0 };
    }
    const begun = this.#begun;
    if (begun?.of !== of) return this.#fault('a fragment of nothing that was begun');
    const data = fragment.slice(1);
    begun.bytes += data.length;
    if (begun.bytes > MAX_MESSAGE_BYTES[of]) return this.#fault('a message that is too long');
    begun.parts.push(data);
    if ((head & END) === 0) return { kind: 'partial' };
    this.#begun = undefined;
    return { kind: 'message', of, bytes: concat(...begun.parts) };
  }

  #fault(reason: string): Received {
    this.#begun = undefined;
    return { kind: 'fault', reason };
  }
}
