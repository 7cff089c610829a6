/**
 * Frames on a byte stream, in both directions (proto/perigee/v1/guest.proto; twin: images/lib/frames.c):
 *
 *     stream = frame*
 *     frame  = length body      length: varint, least significant 7 bits first; body: `length` bytes
 */

/** Of a guest's body: a report of 128 metrics takes about 1.6 KB, so this leaves room to grow. */
export const GUEST_FRAME_MAX_BYTES = 4096;

/** To a guest, length and body together: what a guest's fixed buffer takes. */
export const HOST_FRAME_MAX_BYTES = 1024;

/** Two bytes of a varint reach 16383: a third says that the frame is too long, or that these are no frames. */
const LENGTH_MAX_BYTES = 2;

type Split =
  | { readonly kind: 'body'; readonly bytes: Uint8Array }
  /** The stream cannot be followed any further. Comes once at most, and last. */
  | { readonly kind: 'broken'; readonly detail: string };

/** Cuts one guest's stream into frame bodies. Holds one frame at most, however long the stream and its chunks. */
export class FrameSplitter {
  readonly #length = new LengthReader();
  /** Of the frame that is coming in; `undefined` between frames. */
  #bodyBytes: number | undefined;
  /** What came of it in earlier chunks. */
  readonly #held = new Uint8Array(GUEST_FRAME_MAX_BYTES);
  #heldBytes = 0;
  #broken = false;

  /** A body is valid until the next one is asked for. */
  *push(chunk: Uint8Array): Generator<Split, void, undefined> {
    let at = 0;
    while (at < chunk.length && !this.#broken) {
      if (this.#bodyBytes === undefined) {
        const length = this.#length.take(chunk[at] ?? 0);
        at += 1;
        if (length === 'more') continue;
        if (length === 'broken') return yield this.#break();
        this.#bodyBytes = length;
      }
      const part = chunk.subarray(at, at + this.#bodyBytes - this.#heldBytes);
      at += part.length;
      const bytes = this.#complete(part, this.#bodyBytes);
      if (bytes !== undefined) yield { kind: 'body', bytes };
    }
  }

  /** The body that ends with `part`. One that lies whole in a chunk is not copied. */
  #complete(part: Uint8Array, bodyBytes: number): Uint8Array | undefined {
    const total = this.#heldBytes + part.length;
    if (part.length < bodyBytes) this.#held.set(part, this.#heldBytes);
    this.#heldBytes = total < bodyBytes ? total : 0;
    if (total < bodyBytes) return undefined;
    this.#bodyBytes = undefined;
    return part.length === bodyBytes ? part : this.#held.subarray(0, bodyBytes);
  }

  #break(): Split {
    this.#broken = true;
    return { kind: 'broken', detail: `a frame says that it is longer than ${GUEST_FRAME_MAX_BYTES} bytes` };
  }
}

class LengthReader {
  #value = 0;
  #bytes = 0;

  take(byte: number): number | 'more' | 'broken' {
    this.#value |= (byte & 0x7f) << (7 * this.#bytes);
    this.#bytes += 1;
    if (byte >= 0x80) return this.#bytes < LENGTH_MAX_BYTES ? 'more' : 'broken';
    const length = this.#value;
    this.#value = 0;
    this.#bytes = 0;
    return length <= GUEST_FRAME_MAX_BYTES ? length : 'broken';
  }
}

/** Puts the length before the body. */
export function frame(body: Uint8Array): Uint8Array {
  const head = body.length < 0x80 ? [body.length] : [(body.length & 0x7f) | 0x80, body.length >> 7];
  return Uint8Array.from([...head, ...body]);
}
