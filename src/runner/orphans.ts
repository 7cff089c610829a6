import { readFileSync, readdirSync } from 'node:fs';
import { reasonOf, type Logger, type RunJournal, type RunRecord } from '../domain/index.js';

/**
 * Ends what a killed gateway left behind: every run that the journal has as going. What is ended is known as that run's
 * monitor by its own command line: process ids are used again, and one that was killed between the start of the monitor
 * and the record of it knew none. Whatever cannot be ended is told, and no reason not to start.
 */
export async function endOrphans(journal: RunJournal, logger: Logger): Promise<number> {
  const left = await journal.going();
  const processes = left.length === 0 ? [] : monitors();
  for (const run of left) {
    const complaint = endMonitor(run, processes);
    const detail = `the gateway ended while it ran${complaint}`;
    logger.warn({ run: run.id, image: run.image }, `run ended: ${detail}`);
    await journal
      .put({ ...run, state: { kind: 'ended', reason: { kind: 'crashed', detail } } })
      .catch((error: unknown) => logger.error({ run: run.id }, `not journaled: ${reasonOf(error)}`));
  }
  return left.length;
}

interface Monitor {
  readonly processId: number;
  /** `perigee-` and the run's id. */
  readonly name: string;
}

/** QEMU is named with `-name perigee-<id>,process=…`; a process that only speaks of the run is not. */
const NAMED = /^(perigee-[0-9a-f]{16})(,|$)/;

function monitors(): readonly Monitor[] {
  return processNames()
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const processId = Number(name);
      const words = commandLine(processId);
      const place = words.indexOf('-name') + 1;
      const named = place === 0 ? undefined : NAMED.exec(words[place] ?? '')?.[1];
      return named === undefined ? [] : [{ processId, name: named }];
    });
}

function processNames(): readonly string[] {
  try {
    return readdirSync('/proc');
  } catch {
    // No such place, no QEMU of ours: there is none outside Linux.
    return [];
  }
}

function commandLine(processId: number): readonly string[] {
  try {
    return readFileSync(`/proc/${processId}/cmdline`, 'latin1').split('\0');
  } catch {
    // It ended meanwhile: nothing is left of it.
    return [];
  }
}

/** Empty, or what could not be done. */
function endMonitor(run: RunRecord, processes: readonly Monitor[]): string {
  return processes
    .filter(({ name }) => name === `perigee-${run.id}`)
    .map(({ processId }) => kill(processId))
    .join('');
}

function kill(processId: number): string {
  try {
    process.kill(processId, 'SIGKILL');
    return '';
  } catch (error) {
    // ESRCH: it ended by itself just now.
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return '';
    return `, and its process ${processId} cannot be ended: ${reasonOf(error)}`;
  }
}
