import { createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { Curve25519, KeyPair } from '@perigee/gatt';

/** Before the 32 bytes of a key: RFC 8410, 7 and 4. */
const PRIVATE_HEAD = Buffer.from('302e020100300506032b656e04220420', 'hex');
const PUBLIC_HEAD = Buffer.from('302a300506032b656e032100', 'hex');

/** X25519 as OpenSSL has it. */
export const nodeCurve: Curve25519 = {
  generate: () => pairOf(generateKeyPairSync('x25519').privateKey),
  keyPairOf: (secretKey) => pairOf(privateKey(secretKey)),
  sharedSecret(secretKey, publicKey) {
    const theirs = { key: Buffer.concat([PUBLIC_HEAD, publicKey]), format: 'der', type: 'spki' } as const;
    try {
      return new Uint8Array(
        diffieHellman({ privateKey: privateKey(secretKey), publicKey: createPublicKey(theirs) }),
      );
    } catch {
      // OpenSSL refuses keys of low order, which make the same of every secret.
      return undefined;
    }
  },
};

/** Both halves of an X25519 key. */
export function pairOf(key: KeyObject): KeyPair {
  const { d = '', x = '' } = key.export({ format: 'jwk' });
  const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64url'));
  return { secretKey: bytes(d), publicKey: bytes(x) };
}

function privateKey(secretKey: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PRIVATE_HEAD, secretKey]), format: 'der', type: 'pkcs8' });
}
