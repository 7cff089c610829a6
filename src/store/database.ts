import type { BatchOperation, Level } from 'level';
import { openingFailed } from './level-errors.js';

export type Database = Level<Uint8Array, Uint8Array>;
export type Operation = BatchOperation<Database, Uint8Array, Uint8Array>;

/** Reading goes from old to new, once: a large cache of blocks would be memory for nothing. */
const BLOCK_CACHE_BYTES = 1024 * 1024;

/** @throws PerigeeError `data-dir-unusable`, `data-dir-locked` or `store-corrupt`. */
export async function openDatabase(path: string): Promise<Database> {
  // Loaded here, so that a command that needs no store does not pay for its native module.
  const { Level } = await import('level');
  const encodings = { keyEncoding: 'view', valueEncoding: 'view' };
  const db = new Level<Uint8Array, Uint8Array>(path, { ...encodings, cacheSize: BLOCK_CACHE_BYTES });
  try {
    await db.open();
    return db;
  } catch (error) {
    throw openingFailed(path, error);
  }
}

/** What is not there is `undefined`, which the types of `level` do not say. */
export function find(db: Database, key: Uint8Array): Promise<Uint8Array | undefined> {
  return db.get(key);
}

export function put(key: Uint8Array, value: Uint8Array): Operation {
  return { type: 'put', key, value };
}

/** Of a key that is not there: nothing. */
export function remove(key: Uint8Array): Operation {
  return { type: 'del', key };
}
