import { readFile, readdir } from 'node:fs/promises';
import { reasonOf, type Logger } from '../domain/index.js';

/** Carries the id of the process that holds the trial, so that another's trial is not taken for a leftover. */
export const trialName = (accelerator: string): string => `perigee-trial-${process.pid}-${accelerator}`;

const TRIAL_NAME = /(?:^|\0)perigee-trial-(\d+)-(?:tcg|kvm),process=/;

/**
 * Ends the trials of processes that were killed while they held one: a guest that KVM has stopped does not notice that
 * its gateway is gone. Call it while this process holds none. A look at every process costs some milliseconds, and is
 * taken only where a trial is held, which costs a hundred.
 */
export async function endLeftTrials(logger: Logger): Promise<void> {
  for (const entry of await readdir('/proc').catch(() => [])) {
    const id = Number(entry);
    if (!Number.isInteger(id) || id === process.pid) continue;
    // Gone between two looks, or somebody else's: no leftover of ours.
    const commandLine = await readFile(`/proc/${id}/cmdline`, 'latin1').catch(() => '');
    const owner = TRIAL_NAME.exec(commandLine)?.[1];
    if (owner !== undefined && !isAnothers(Number(owner))) end(id, logger);
  }
}

function isAnothers(owner: number): boolean {
  if (owner === process.pid) return false;
  try {
    process.kill(owner, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function end(id: number, logger: Logger): void {
  try {
    process.kill(id, 'SIGKILL');
    logger.warn({ processId: id }, 'ended what was left of an earlier trial of the accelerator');
  } catch (error) {
    logger.debug({ processId: id }, `cannot end what was left of an earlier trial: ${reasonOf(error)}`);
  }
}
