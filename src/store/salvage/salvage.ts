import { open, readFile, readdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../../domain/index.js';
import { repairDatabase } from '../database/database.js';
import { LOG_NAME, TABLE_NAME } from '../leveldb/file-names.js';
import { readLog, writeLog } from '../leveldb/log-file.js';
import type { LogReading } from '../leveldb/log-file.js';
import { batchOf, readTable } from '../leveldb/table-file.js';
import type { Aside } from './set-aside.js';

/** Where LevelDB's own repair puts what it replaced. */
const LOST_FOLDER = 'lost';
const PAGE_BYTES = 4096;

export interface SalvageParts {
  /** The store's folder. */
  readonly path: string;
  readonly aside: Aside;
  readonly logger: Logger;
}

/** What the files of a LevelDB say of themselves, without its being open. */
export interface FilesReading {
  /** Whether there is nothing yet that could be lost. */
  readonly isNew: boolean;
  /** Whether CURRENT names a manifest that is there. */
  readonly hasManifest: boolean;
}

export async function lookAtFiles(path: string): Promise<FilesReading> {
  const names = await readdir(path);
  const current = await readFile(join(path, 'CURRENT'), 'utf8').catch(() => undefined);
  return {
    isNew: current === undefined && (await dataFiles(path, names)).length === 0,
    hasManifest: current?.endsWith('\n') === true && names.includes(current.trimEnd()),
  };
}

async function dataFiles(path: string, names: readonly string[]): Promise<readonly string[]> {
  const files = names.filter((name) => LOG_NAME.test(name) || TABLE_NAME.test(name));
  const sizes = await Promise.all(files.map(async (name) => (await stat(join(path, name))).size));
  return files.filter((_, index) => (sizes[index] ?? 0) > 0);
}

/** The logs in which something is damaged, and not only torn at the end: LevelDB reads past it without a word. */
export async function damagedLogs(path: string): Promise<readonly string[]> {
  const damaged: string[] = [];
  for (const name of (await readdir(path)).filter((each) => LOG_NAME.test(each))) {
    // What cannot be read is told by the opening, and what went meanwhile is another gateway's.
    const reading = await readLogFile(path, name).catch(() => undefined);
    if (reading !== undefined && reading.damagedBytes > 0) damaged.push(name);
  }
  return damaged;
}

/**
 * Puts aside the logs that are damaged, and in their place what can be read of them. Gives the bytes that cannot be
 * read. Not of a database in use.
 */
export async function mendLogs(parts: SalvageParts): Promise<number> {
  let lost = 0;
  for (const name of await damagedLogs(parts.path)) lost += await cleanLog(parts, name);
  return lost;
}

async function readLogFile(path: string, name: string): Promise<LogReading> {
  return readLog(await readSurely(join(path, name)));
}

/**
 * Makes of a damaged LevelDB, which nobody has open, one that opens, of all that can be read. LevelDB's own repair takes
 * damaged bytes for what was written: so it is given only what its checksums confirm. Without CURRENT the database does
 * not open, so that what is cut short here begins anew.
 */
export async function salvageFiles(parts: SalvageParts): Promise<void> {
  const { path, aside, logger } = parts;
  const names = await readdir(path);
  if (names.includes('CURRENT')) await aside.take(join(path, 'CURRENT'));
  for (const name of names.filter((each) => LOG_NAME.test(each))) await cleanLog(parts, name);
  let number = Math.max(0, ...names.map((name) => Number(/^\d+/.exec(name)?.[0] ?? 0)));
  for (const name of names.filter((each) => TABLE_NAME.test(each))) {
    const bytes = await readSurely(join(path, name));
    const table = readTable(bytes);
    if (table?.isWhole === true) continue;
    const batches = Array.from(table?.entries() ?? [], batchOf);
    number += 1;
    if (batches.length > 0)
      await replace(join(path, `${String(number).padStart(6, '0')}.log`), writeLog(batches));
    await aside.take(join(path, name));
    const kept = { file: name, rows: batches.length, isReadable: table !== undefined };
    logger.error(kept, "a table of the store's database is damaged: what can be read of it is kept");
  }
  // It has nothing to say of nothing.
  if ((await dataFiles(path, await readdir(path))).length > 0) await repairDatabase(path);
  await clearLost(parts);
}

/** What an earlier repair that was cut short may have left, too. */
async function clearLost({ path, aside }: SalvageParts): Promise<void> {
  const lost = join(path, LOST_FOLDER);
  for (const name of await readdir(lost).catch(() => [])) await aside.take(join(lost, name));
}

/** Only what its checksums confirm stays in it. Gives the bytes that they do not. */
async function cleanLog(parts: SalvageParts, name: string): Promise<number> {
  const { path, aside, logger } = parts;
  const file = join(path, name);
  const { batches, damagedBytes, isTorn } = await readLogFile(path, name);
  if (damagedBytes === 0 && !isTorn) return 0;
  if (damagedBytes > 0) {
    await aside.copy(file);
    logger.error({ file: name, bytes: damagedBytes }, "a log of the store's database is damaged");
  }
  await replace(file, writeLog(batches));
  return damagedBytes;
}

async function replace(path: string, bytes: Uint8Array): Promise<void> {
  const young = `${path}.new`;
  await writeFile(young, bytes, { mode: 0o600, flush: true });
  await rename(young, path);
}

/** All of a file; what the card does not give back is zeros, which no checksum takes. */
async function readSurely(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EIO')) throw error;
  }
  const file = await open(path);
  try {
    const bytes = new Uint8Array((await file.stat()).size);
    for (let at = 0; at < bytes.length; at += PAGE_BYTES)
      await file.read(bytes, at, Math.min(PAGE_BYTES, bytes.length - at), at).catch(() => undefined);
    return bytes;
  } finally {
    await file.close();
  }
}
