import { readFileSync, readdirSync } from 'node:fs';
import type { GatewayId, RunId } from '../domain/index.js';

/** The environment variable that every monitor's process carries, whatever program it is. */
export const MARK = 'PERIGEE_RUN';

/** Carried by what a gateway left to be done when it is gone (last-will.ts); the value is the gateway. */
export const LAST_WILL = 'PERIGEE_LAST_WILL';

/** Behind the mark of a guest that the next gateway takes over. */
export const STAYS = '-stays';

/** `<gateway>-<run>`: another gateway on the same board, or none, never takes the process for its own. */
export function markOf(gatewayId: GatewayId, slot: RunId, stays: boolean): string {
  return `${gatewayId}-${slot}${stays ? STAYS : ''}`;
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
    if (mark === undefined) return [];
    const slot = mark.slice(begin.length);
    return [{ processId, slot: slot.endsWith(STAYS) ? slot.slice(0, -STAYS.length) : slot }];
  });
}

/** What does the last will of this gateway: the one that runs, or one that was killed. */
export function lastWillProcesses(gatewayId: GatewayId): readonly number[] {
  return processIds().filter((id) => environment(id).includes(`${LAST_WILL}=${gatewayId}`));
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
