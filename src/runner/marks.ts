import { readFileSync, readdirSync } from 'node:fs';
import type { GatewayId, RunId } from '../domain/index.js';

/** The environment variable that every monitor's process carries, whatever program it is. */
export const MARK = 'PERIGEE_RUN';

/** `<gateway>-<run>`: another gateway on the same board, or none, never takes the process for its own. */
export function markOf(gatewayId: GatewayId, slot: RunId): string {
  return `${gatewayId}-${slot}`;
}

export interface MarkedProcess {
  readonly processId: number;
  /** What it was started for. */
  readonly slot: string;
}

/**
 * What runs with this gateway's mark now. Process ids are used again, and a gateway that was killed between the start of a
 * monitor and the record of it knew none; the environment is the process's own, and does not change.
 */
export function markedProcesses(gatewayId: GatewayId): readonly MarkedProcess[] {
  const begin = `${MARK}=${gatewayId}-`;
  return processIds().flatMap((processId) => {
    const mark = environment(processId).find((entry) => entry.startsWith(begin));
    return mark === undefined ? [] : [{ processId, slot: mark.slice(begin.length) }];
  });
}

function processIds(): readonly number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  } catch {
    // No such place, no process of ours: there is none outside Linux.
    return [];
  }
}

function environment(processId: number): readonly string[] {
  try {
    return readFileSync(`/proc/${processId}/environ`, 'latin1').split('\0');
  } catch {
    // Gone meanwhile, or another user's: no process of ours.
    return [];
  }
}
