import { cbc, ctr } from '@noble/ciphers/aes.js';
import { concat } from './bytes.js';

const BLOCK_BYTES = 16;
/** Of a message's length in its first block: with a nonce of 13 bytes two are left. */
const LENGTH_BYTES = 2;
const NONCE_BYTES = BLOCK_BYTES - 1 - LENGTH_BYTES;

/**
 * AES-CCM (RFC 3610) with a nonce of 13 bytes, a tag of `tagBytes` (even, 4 to 16), and nothing associated:
 * the ciphertext, then the tag.
 */
export function ccmSeal(
  key: Uint8Array,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  tagBytes: number,
): Uint8Array {
  const tag = authenticate(key, nonce, plaintext, tagBytes);
  const sealed = stream(key, nonce, concat(tag, plaintext));
  return concat(sealed.subarray(BLOCK_BYTES), sealed.subarray(0, tagBytes));
}

/** Undefined for what was not sealed with this key and nonce. */
export function ccmOpen(
  key: Uint8Array,
  nonce: Uint8Array,
  sealed: Uint8Array,
  tagBytes: number,
): Uint8Array | undefined {
  const length = sealed.length - tagBytes;
  if (length < 0) return undefined;
  const padding = new Uint8Array(BLOCK_BYTES - tagBytes);
  const opened = stream(key, nonce, concat(sealed.subarray(length), padding, sealed.subarray(0, length)));
  const plaintext = opened.subarray(BLOCK_BYTES);
  const tag = authenticate(key, nonce, plaintext, tagBytes);
  let difference = 0;
  for (let i = 0; i < tagBytes; i++) difference |= (opened[i] ?? 0) ^ (tag[i] ?? 0);
  return difference === 0 ? plaintext.slice() : undefined;
}

/** The CBC-MAC, a whole block (2.2). */
function authenticate(
  key: Uint8Array,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  tagBytes: number,
): Uint8Array {
  if (nonce.length !== NONCE_BYTES) throw new RangeError(`a nonce has ${NONCE_BYTES} bytes`);
  const flags = (((tagBytes - 2) / 2) << 3) | (LENGTH_BYTES - 1);
  const length = Uint8Array.of(plaintext.length >> 8, plaintext.length & 0xff);
  const padding = new Uint8Array((BLOCK_BYTES - (plaintext.length % BLOCK_BYTES)) % BLOCK_BYTES);
  const blocks = concat(Uint8Array.of(flags), nonce, length, plaintext, padding);
  const zeros = new Uint8Array(BLOCK_BYTES);
  return cbc(key, zeros, { disablePadding: true }).encrypt(blocks).slice(-BLOCK_BYTES);
}

/** The key stream begins with the block for the tag (2.3). */
function stream(key: Uint8Array, nonce: Uint8Array, bytes: Uint8Array): Uint8Array {
  const first = concat(Uint8Array.of(LENGTH_BYTES - 1), nonce, new Uint8Array(LENGTH_BYTES));
  return ctr(key, first).encrypt(bytes);
}
