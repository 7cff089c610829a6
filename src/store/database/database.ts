import { resolve } from 'node:path';
import type { BatchOperation, Level } from 'level';
import { openingFailed } from './level-errors.js';

export type Database = Level<Uint8Array, Uint8Array>;
/** What is in it at one moment. */
export type Snapshot = ReturnType<Database['snapshot']>;
export type Operation = BatchOperation<Database, Uint8Array, Uint8Array>;

interface Range {
  readonly gte: Uint8Array;
  readonly lt: Uint8Array;
}

/** What LevelDB has in Node and not in browsers, and the types of `level` leave out. */
interface Native {
  approximateSize(start: Uint8Array, end: Uint8Array): Promise<number>;
  compactRange(start: Uint8Array, end: Uint8Array): Promise<void>;
  getProperty(name: string): string;
}

const native = (db: Database): Native => db as unknown as Native;

export interface OpeningOptions {
  /** Whether there may be none yet: a database whose files are not all there would be taken for a new one. */
  readonly createIfMissing?: boolean;
}

/** Reading goes from old to new, once: a large cache of blocks would be memory for nothing. */
const BLOCK_CACHE_BYTES = 1024 * 1024;

/** @throws PerigeeError `data-dir-unusable`, `data-dir-locked` or `store-corrupt`. */
export async function openDatabase(path: string, options: OpeningOptions = {}): Promise<Database> {
  // Loaded here, so that a command that needs no store does not pay for its native module.
  const { Level } = await import('level');
  const encodings = { keyEncoding: 'view', valueEncoding: 'view' };
  const db = new Level<Uint8Array, Uint8Array>(path, { ...encodings, cacheSize: BLOCK_CACHE_BYTES });
  db.on('open', () => openHere.add(resolve(path)));
  db.on('closed', () => openHere.delete(resolve(path)));
  try {
    await db.open(options);
    return db;
  } catch (error) {
    throw openingFailed(path, error);
  }
}

const openHere = new Set<string>();

/** Whether this process has it open. */
export function isOpenHere(path: string): boolean {
  return openHere.has(resolve(path));
}

/** LevelDB's own repair, of a database that nobody has open: it makes a new manifest for the tables and logs there are. */
export async function repairDatabase(path: string): Promise<void> {
  const { Level } = await import('level');
  try {
    // The types of `level` leave out what browsers do not have.
    await (Level as unknown as { repair(location: string): Promise<void> }).repair(path);
  } catch (error) {
    throw openingFailed(path, error);
  }
}

/** What is not there is `undefined`, which the types of `level` do not say. */
export function find(db: Database, key: Uint8Array): Promise<Uint8Array | undefined> {
  return db.get(key);
}

/**
 * The same in this turn, for a key that was written lately or is not there at all: its answer is in memory, and a turn
 * through the thread pool would take ten times as long. While the database is being opened again, that is waited for.
 */
export function findNow(
  db: Database,
  key: Uint8Array,
): Uint8Array | undefined | Promise<Uint8Array | undefined> {
  return db.status === 'open' ? db.getSync(key) : find(db, key);
}

export function put(key: Uint8Array, value: Uint8Array): Operation {
  return { type: 'put', key, value };
}

/** Of a key that is not there: nothing. */
export function remove(key: Uint8Array): Operation {
  return { type: 'del', key };
}

/** Of files that keep what is between the keys; what is not sorted yet is in none of them. */
export function sizeOnDisk(db: Database, { gte, lt }: Range): Promise<number> {
  return native(db).approximateSize(gte, lt);
}

/** How much LevelDB has written into tables since it was opened. */
export function sortedBytes(db: Database): number {
  return writtenIn(native(db).getProperty('leveldb.stats'));
}

const MIB = 1024 * 1024;

/** Of LevelDB's table: level, files, size, seconds, read and written MiB. */
export function writtenIn(statistics: string): number {
  const rows = statistics.matchAll(/^ *\d+(?: +[\d.]+){4} +(\d+)$/gm);
  return [...rows].reduce((sum, [, written]) => sum + Number(written) * MIB, 0);
}

/** A database that is closed under a compaction takes the process with it. */
const compactions = new WeakMap<Database, Promise<void>>();

/** Sorts what is between the keys anew, and frees what was removed. */
export async function compactRange(db: Database, { gte, lt }: Range): Promise<void> {
  const before = compactions.get(db) ?? Promise.resolve();
  const compaction = before.then(() => native(db).compactRange(gte, lt));
  compactions.set(
    db,
    compaction.catch(() => undefined),
  );
  return compaction;
}

/** Waits for a compaction that is under way. */
export async function closeDatabase(db: Database): Promise<void> {
  await compactions.get(db);
  await db.close();
}
