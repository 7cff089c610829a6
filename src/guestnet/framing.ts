import { MAX_FRAME_BYTES } from './ethernet.js';

/**
 * QEMU's socket network backend (net/socket.c): each frame with its length in front, four bytes, most significant first.
 *
 *     stream = *( length frame )
 */
const LENGTH_BYTES = 4;

export function wrap(frame: Buffer): Buffer {
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(frame.length);
  return Buffer.concat([length, frame]);
}

/** Cuts the stream into frames. One that is longer than any that Ethernet has is skipped; holds one at most, and each is
 * valid until the next is asked for. */
export function createSplitter(): (chunk: Buffer) => Generator<Buffer, void, undefined> {
  const held = Buffer.alloc(LENGTH_BYTES + MAX_FRAME_BYTES);
  let heldBytes = 0;
  let skipBytes = 0;
  return function* split(chunk) {
    for (let at = 0; at < chunk.length;) {
      if (skipBytes > 0) {
        const skipped = Math.min(skipBytes, chunk.length - at);
        skipBytes -= skipped;
        at += skipped;
        continue;
      }
      const wanted = heldBytes < LENGTH_BYTES ? LENGTH_BYTES : LENGTH_BYTES + held.readUInt32BE(0);
      const part = chunk.subarray(at, at + wanted - heldBytes);
      part.copy(held, heldBytes);
      heldBytes += part.length;
      at += part.length;
      if (heldBytes < wanted) continue;
      if (wanted === LENGTH_BYTES) {
        const length = held.readUInt32BE(0);
        if (length <= MAX_FRAME_BYTES && length > 0) continue;
        skipBytes = length;
      } else {
        yield held.subarray(LENGTH_BYTES, wanted);
      }
      heldBytes = 0;
    }
  };
}
