import { isRunId, reasonOf } from '../domain/index.js';
import type { GatewayId, Logger, RunId, RunJournal, RunRecord } from '../domain/index.js';
import { lastWillProcesses, markedProcesses } from './marks.js';

export interface Orphans {
  /** How many runs were ended. */
  readonly ended: number;
  /** Runs whose guests live, and are to be taken over. */
  readonly adoptable: readonly RunRecord[];
}

/**
 * Ends what a killed gateway left behind: every process that carries this gateway's mark, and every run that the journal
 * has as going, but for guests that are to be taken over. Whatever cannot be ended is told, and no reason not to start.
 */
export async function endOrphans(
  journal: RunJournal,
  gatewayId: GatewayId,
  logger: Logger,
): Promise<Orphans> {
  // First of all: it would take the guests of this gateway for those of the last.
  lastWillProcesses(gatewayId).forEach(kill);
  const going = await journal.going();
  const adoptableIds = new Set<string>(going.filter((run) => run.adoptable).map(({ id }) => id));
  const living = new Map<string, number>();
  const complaints = new Map<RunId, string>();
  for (const { processId, slot } of markedProcesses(gatewayId)) {
    if (adoptableIds.has(slot)) {
      living.set(slot, processId);
      continue;
    }
    const complaint = kill(processId);
    if (isRunId(slot)) complaints.set(slot, complaint);
    logger.warn({ processId, slot }, `ended what an earlier gateway left behind${complaint}`);
  }
  const left = going.filter(({ id }) => !living.has(id));
  for (const run of left) {
    const detail = `the gateway ended while it ran${complaints.get(run.id) ?? ''}`;
    logger.warn({ run: run.id, image: run.image }, `run ended: ${detail}`);
    await journal
      .put({ ...run, state: { kind: 'ended', reason: { kind: 'crashed', detail } } })
      .catch((error: unknown) => logger.error({ run: run.id }, `not journaled: ${reasonOf(error)}`));
  }
  const adoptable = going.flatMap((run) => {
    const processId = living.get(run.id);
    return processId === undefined ? [] : [{ ...run, processId }];
  });
  return { ended: left.length, adoptable };
}

/** Empty, or what could not be done. */
export function kill(processId: number): string {
  try {
    process.kill(processId, 'SIGKILL');
    return '';
  } catch (error) {
    // ESRCH: it ended by itself just now.
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return '';
    return `, and its process ${processId} cannot be ended: ${reasonOf(error)}`;
  }
}
