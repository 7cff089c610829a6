import { isRunId, reasonOf } from '../domain/index.js';
import type { GatewayId, Logger, RunId, RunJournal } from '../domain/index.js';
import { markedProcesses } from './marks.js';

/**
 * Ends what a killed gateway left behind: every process that carries this gateway's mark, and every run that the journal
 * has as going. Whatever cannot be ended is told, and no reason not to start.
 */
export async function endOrphans(journal: RunJournal, gatewayId: GatewayId, logger: Logger): Promise<number> {
  const complaints = new Map<RunId, string>();
  for (const { processId, slot } of markedProcesses(gatewayId)) {
    const complaint = kill(processId);
    if (isRunId(slot)) complaints.set(slot, complaint);
    logger.warn({ processId, slot }, `ended what an earlier gateway left behind${complaint}`);
  }
  const left = await journal.going();
  for (const run of left) {
    const detail = `the gateway ended while it ran${complaints.get(run.id) ?? ''}`;
    logger.warn({ run: run.id, image: run.image }, `run ended: ${detail}`);
    await journal
      .put({ ...run, state: { kind: 'ended', reason: { kind: 'crashed', detail } } })
      .catch((error: unknown) => logger.error({ run: run.id }, `not journaled: ${reasonOf(error)}`));
  }
  return left.length;
}

/** Empty, or what could not be done. */
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
