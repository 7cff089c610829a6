import { x25519 } from '@noble/curves/ed25519.js';

/** Of a secret, of a public key, and of what two make of them. */
export const KEY_BYTES = 32;

export interface KeyPair {
  readonly secretKey: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** X25519 (RFC 7748), all that a session asks of a platform. The gateway gives Node's own, which is faster. */
export interface Curve25519 {
  /** Fresh, by chance that nobody can guess. */
  generate(): KeyPair;
  keyPairOf(secretKey: Uint8Array): KeyPair;
  /** Undefined for a public key that makes the same of every secret: it is of low order. */
  sharedSecret(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined;
}

/** Runs wherever JavaScript does and `crypto.getRandomValues` is there. */
export const portableCurve: Curve25519 = {
  generate: () => x25519.keygen(),
  keyPairOf: (secretKey) => ({ secretKey, publicKey: x25519.getPublicKey(secretKey) }),
  sharedSecret(secretKey, publicKey) {
    try {
      return x25519.getSharedSecret(secretKey, publicKey);
    } catch {
      // Of keys of the right length, only those of low order are refused.
      return undefined;
    }
  },
};
