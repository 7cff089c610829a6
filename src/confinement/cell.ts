import { rmSync, writeFileSync } from 'node:fs';
import { reasonOf, type Clock, type RunId, type VmSpec } from '../domain/index.js';
import type { Groups, NoGroups } from './groups.js';
import { OOM_SCORE_ADJ, groupLimits, resourceLimits } from './limits.js';
import type { OutOfMemory } from './out-of-memory.js';
import type { Means } from './safeguards.js';
import type { UserIds } from './user.js';

/** What one guest's monitor is kept in. */
export interface Cell {
  /** Undefined: as the gateway itself. */
  readonly user: UserIds | undefined;
  /** Its working directory, and all that it may write to; undefined where none could be made. */
  readonly folder: string | undefined;
  /**
   * Of the process that has just been started. Resolves when the guest may begin, which is when its process is in its
   * control group; never rejects.
   */
  hold(processId: number): Promise<void>;
  /** When the process has ended. `killed`: by nobody of ours, so far as is known. True when it was for want of memory. */
  close(processId: number | undefined, killed: boolean): boolean;
}

/** What the board has for every cell. */
export interface CellMeans {
  readonly groups: Groups | NoGroups;
  readonly outOfMemory: OutOfMemory;
  /** Limits a process that runs; resolves with its complaint, if it has one. Absent where there is no such program. */
  readonly limit:
    ((args: readonly string[], user: UserIds | undefined) => Promise<string | undefined>) | undefined;
  readonly clock: Pick<Clock, 'monotonicUs'>;
  /** Told of what could not be done. */
  readonly miss: (what: Means, why: string) => void;
}

/** Where a cell is, and for whom. */
export interface CellPlace extends Pick<Cell, 'user' | 'folder'> {
  readonly slot: RunId;
  /** Nobody else has that user. */
  readonly alone: boolean;
}

/**
 * To start another program takes as much of the processor as a tenth of a cold start, and a guest has the processor first:
 * its process has no limits of its own for so long. Its control group it has from the beginning.
 */
const LIMIT_AFTER_MS = 250;

export function createCell(means: CellMeans, place: CellPlace, spec: VmSpec): Cell {
  const { folder, slot, user } = place;
  const { groups } = means;
  const sinceUs = means.clock.monotonicUs();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  return {
    ...{ user, folder },
    async hold(processId) {
      timer = setTimeout(
        () => void attempt(means, 'limits', () => limit(means, place, spec, processId)),
        LIMIT_AFTER_MS,
      );
      await attempt(means, 'preference', () => preferWhenOutOfMemory(processId));
      await attempt(means, 'group', async () => {
        if ('join' in groups) await groups.join(slot, groupLimits(spec, groups.controllers), processId);
      });
      // It ended while its group was made.
      if (closed && 'join' in groups) groups.remove(slot);
    },
    close(processId, killed) {
      closed = true;
      clearTimeout(timer);
      return closeCell(means, place, processId, killed ? sinceUs : undefined);
    },
  };
}

/** Of a guest that an earlier gateway started, and confined. */
export function adoptCell(means: CellMeans, place: CellPlace): Pick<Cell, 'close'> {
  const sinceUs = means.clock.monotonicUs();
  return { close: (processId, killed) => closeCell(means, place, processId, killed ? sinceUs : undefined) };
}

/** `sinceUs`: when the process that was killed began, or was met. */
function closeCell(
  { groups, outOfMemory, miss }: CellMeans,
  { folder, slot }: CellPlace,
  processId: number | undefined,
  sinceUs: number | undefined,
): boolean {
  const counted = sinceUs !== undefined && 'join' in groups ? groups.outOfMemory(slot) : undefined;
  if ('join' in groups) groups.remove(slot);
  try {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  } catch (error) {
    miss('folder', reasonOf(error));
  }
  if (sinceUs === undefined || processId === undefined) return false;
  return counted ?? outOfMemory.ended(processId, sinceUs);
}

function preferWhenOutOfMemory(processId: number): void {
  writeFileSync(`/proc/${processId}/oom_score_adj`, String(OOM_SCORE_ADJ));
}

/** By the process's own user, who may lower its limits; a root without CAP_SYS_RESOURCE may not, as in many containers. */
async function limit(
  means: CellMeans,
  { alone, user }: CellPlace,
  spec: VmSpec,
  processId: number,
): Promise<void> {
  const complaint = await means.limit?.(resourceLimits(spec, processId, alone), user);
  if (complaint !== undefined) throw new Error(complaint);
}

async function attempt({ miss }: CellMeans, what: Means, action: () => Promise<void> | void): Promise<void> {
  try {
    await action();
  } catch (error) {
    // A guest may live for a millisecond, and need no confinement any more.
    if (!/ESRCH|ENOENT|No such process/.test(reasonOf(error))) miss(what, reasonOf(error));
  }
}
