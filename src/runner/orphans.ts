import { readFileSync } from 'node:fs';
import type { Logger, RunJournal, RunRecord } from '../domain/index.js';

/** As many runs as a gateway can have had going when it died, several times over. */
const JOURNAL_DEPTH = 256;

/**
 * Ends what a killed gateway left behind: every run that the journal has as going. Its process is ended only if it still
 * is that run's QEMU by its own command line, since process ids are used again.
 */
export async function endOrphans(journal: RunJournal, logger: Logger): Promise<number> {
  const left = (await journal.list(JOURNAL_DEPTH)).filter((run) => run.state.kind !== 'ended');
  for (const run of left) {
    if (run.processId !== undefined && isMonitorOf(run, run.processId))
      process.kill(run.processId, 'SIGKILL');
    const detail = 'the gateway ended while it ran';
    await journal.put({ ...run, state: { kind: 'ended', reason: { kind: 'crashed', detail } } });
    logger.warn({ run: run.id, image: run.image }, `run ended: ${detail}`);
  }
  return left.length;
}

function isMonitorOf(run: RunRecord, processId: number): boolean {
  try {
    return readFileSync(`/proc/${processId}/cmdline`, 'latin1')
      .split('\0')
      .some((arg) => arg.includes(`perigee-${run.id}`));
  } catch {
    // No such process: nothing is left of it.
    return false;
  }
}
