import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { portableCurve } from '@perigee/gatt';
import type { Curve25519, KeyPair } from '@perigee/gatt';
import { PACKAGE_ROOT } from '../../src/platform/index.js';

export const hex = (bytes: Uint8Array | undefined): string | undefined =>
  bytes && Buffer.from(bytes).toString('hex');
export const unhex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));

/** One file of the vectors that other implementations run too. */
export function vectors(file: string): unknown {
  return JSON.parse(readFileSync(join(PACKAGE_ROOT, 'gatt', 'vectors', file), 'utf8'));
}

/** A curve whose next ephemeral keys are known. */
export function curveWith(...secrets: readonly string[]): Curve25519 {
  const left = [...secrets];
  return { ...portableCurve, generate: () => keysOf(left.shift() ?? '') };
}

export function keysOf(secret: string): KeyPair {
  return portableCurve.keyPairOf(unhex(secret));
}
