import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PerigeeError, isRunId, reasonOf } from '../domain/index.js';

/** With at most 256 KiB each, the logs of runs cost a card 128 MB at most; usual ones are of some hundred bytes. */
export const KEPT_LOGS = 500;

export interface LogFile {
  readonly id: string;
  readonly changedMs: number;
}

/** The ids of the logs beyond the newest `KEPT_LOGS`, but none of `keepIds`. */
export function logsToPrune(logs: readonly LogFile[], keepIds: ReadonlySet<string>): readonly string[] {
  return logs
    .toSorted((a, b) => b.changedMs - a.changedMs)
    .slice(KEPT_LOGS)
    .flatMap(({ id }) => (keepIds.has(id) ? [] : [id]));
}

/**
 * Deletes the oldest console logs of `directory`, never one of a run that goes on (`keepIds`); the answer is how many.
 * Files of other names are left alone. @throws PerigeeError `data-dir-unusable` where they cannot be read or deleted.
 */
export async function pruneLogs(directory: string, keepIds: ReadonlySet<string>): Promise<number> {
  try {
    const ids = (await namesIn(directory)).flatMap((name) => idOf(name) ?? []);
    if (ids.length <= KEPT_LOGS) return 0;
    const logs: LogFile[] = [];
    for (const id of ids) logs.push({ id, changedMs: (await stat(logPath(directory, id))).mtimeMs });
    const pruned = logsToPrune(logs, keepIds);
    for (const id of pruned) await rm(logPath(directory, id), { force: true });
    return pruned.length;
  } catch (cause) {
    const message = `old logs in ${directory} cannot be deleted: ${reasonOf(cause)}`;
    throw new PerigeeError('data-dir-unusable', message, 'Make the folder and its files writable.', {
      cause,
    });
  }
}

const logPath = (directory: string, id: string): string => join(directory, `${id}.log`);

function idOf(name: string): string | undefined {
  const id = name.endsWith('.log') ? name.slice(0, -'.log'.length) : '';
  return isRunId(id) ? id : undefined;
}

/** None yet, before the first run. */
async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
