import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { reasonOf } from '../../domain/index.js';
import { LOG_NAME, TABLE_NAME } from '../leveldb/file-names.js';
import { readLog } from '../leveldb/log-file.js';
import { readTable } from '../leveldb/table-file.js';
import type { Progress, StoreFinding } from './finding.js';
import { lookAtFiles } from './salvage.js';

/** Reads every file of a database that nobody has open, and compares it with its checksums. */
export async function checkFiles(
  path: string,
  progress: Progress = () => undefined,
): Promise<readonly StoreFinding[]> {
  const findings: StoreFinding[] = [];
  const { isNew, hasManifest } = await lookAtFiles(path);
  if (!isNew && !hasManifest)
    findings.push({ about: 'file', text: 'CURRENT names no manifest that is there' });
  const names = (await readdir(path)).filter((name) => LOG_NAME.test(name) || TABLE_NAME.test(name));
  for (const [index, name] of names.entries()) {
    progress(index / names.length);
    const text = await complaintOf(join(path, name));
    if (text !== undefined) findings.push({ about: 'file', text: `${name} ${text}` });
  }
  return findings;
}

async function complaintOf(path: string): Promise<string | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    return `cannot be read: ${reasonOf(error)}`;
  }
  if (path.endsWith('.log')) {
    const { damagedBytes } = readLog(bytes);
    return damagedBytes === 0 ? undefined : `is damaged: ${damagedBytes} bytes of it`;
  }
  const table = readTable(bytes);
  if (table === undefined) return 'is damaged: nothing of it can be read';
  if (table.isWhole) return undefined;
  const pieces = table.lost.length;
  return pieces === 0 ? 'is damaged where it only helps to find things' : `is damaged in ${pieces} places`;
}
