import { isDeepStrictEqual } from 'node:util';
import type { Image, VmSpec } from '../domain/index.js';

/** By which a run knows a guest that is as good as one that it would start itself: all that tells one start from another. */
export interface ReadyKey {
  /** The manifest with its checksums. */
  readonly image: Image;
  readonly args: string;
  readonly accelerator: VmSpec['accelerator'];
}

/** A manifest that was touched is read again, and may say the same. */
export function isSame(one: Image, other: Image): boolean {
  return one === other || isDeepStrictEqual(one, other);
}

/** Beside their images. */
export function startsAlike(one: ReadyKey, other: ReadyKey): boolean {
  return one.args === other.args && one.accelerator === other.accelerator;
}
