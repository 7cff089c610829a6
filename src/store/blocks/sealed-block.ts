import { crc32 } from 'node:zlib';
import type { Resolution } from '../../domain/index.js';
import { put } from '../database/database.js';
import type { Operation } from '../database/database.js';
import * as keys from '../format/keys.js';
import { encodeBlock } from './block-codec.js';
import type { OpenBlock } from './open-block.js';
import { STATISTICS } from './statistics.js';

const SEAL_BYTES = 4;

/** What writes a block, header and parts in one batch. */
export function blockOperations(block: OpenBlock, resolution: Resolution = 'raw'): Operation[] {
  const place = { epoch: block.epoch, sequence: block.first };
  const { header, parts } = encodeBlock(block, columnsOfSeries(resolution));
  return [
    put(keys.blockKeyOf(place, resolution), seal(header)),
    ...parts.map((part, index) => put(keys.partKeyOf(place, index, resolution), seal(part))),
  ];
}

/** They are read together. */
export function columnsOfSeries(resolution: Resolution): number {
  return resolution === 'raw' ? 1 : STATISTICS.length;
}

function seal(bytes: Uint8Array): Uint8Array {
  const sealed = new Uint8Array(SEAL_BYTES + bytes.length);
  keys.viewOf(sealed).setUint32(0, crc32(bytes), true);
  sealed.set(bytes, SEAL_BYTES);
  return sealed;
}

/** What was sealed; undefined where it is damaged. */
export function unseal(sealed: Uint8Array): Uint8Array | undefined {
  if (sealed.length < SEAL_BYTES) return undefined;
  const bytes = sealed.subarray(SEAL_BYTES);
  return keys.viewOf(sealed).getUint32(0, true) === crc32(bytes) ? bytes : undefined;
}
