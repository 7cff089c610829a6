import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { KEY_BYTES } from './curve.js';

export const TAG_BYTES = 16;
const NONCE_BYTES = 12;
/** 2^64 - 1 is never used for a message (Noise, 5.1): it makes the next key. */
const REKEY_NONCE = 2n ** 64n - 1n;

/** One direction's key and counter: ChaCha20-Poly1305 as the Noise Protocol Framework, revision 34, has it (5.1). */
export class CipherState {
  #key: Uint8Array;
  #nonce = 0;

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** How many messages went through. */
  get count(): number {
    return this.#nonce;
  }

  encrypt(associated: Uint8Array, plaintext: Uint8Array): Uint8Array {
    const nonce = nonceBytes(BigInt(this.#nonce++));
    return chacha20poly1305(this.#key, nonce, associated).encrypt(plaintext);
  }

  /** Undefined for what the other side did not encrypt as its next message; the counter stays. */
  decrypt(associated: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined {
    if (ciphertext.length < TAG_BYTES) return undefined;
    const cipher = chacha20poly1305(this.#key, nonceBytes(BigInt(this.#nonce)), associated);
    try {
      const plaintext = cipher.decrypt(ciphertext);
      this.#nonce++;
      return plaintext;
    } catch {
      // The tag is wrong: the library has no other way to say so.
      return undefined;
    }
  }

  /** Noise, 4.2: nobody who learns the new key can read what the old one sealed. The counter goes on. */
  rekey(): void {
    const zeros = new Uint8Array(KEY_BYTES);
    const next = chacha20poly1305(this.#key, nonceBytes(REKEY_NONCE)).encrypt(zeros);
    this.#key = next.slice(0, KEY_BYTES);
  }
}

/** Four zero bytes and the counter, little-endian (Noise, 12.3). */
function nonceBytes(counter: bigint): Uint8Array {
  const bytes = new Uint8Array(NONCE_BYTES);
  new DataView(bytes.buffer).setBigUint64(4, counter, true);
  return bytes;
}
