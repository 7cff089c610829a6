import { availableParallelism } from 'node:os';
import type { Config } from '../config/index.js';
import type { Admission, Clock, RunId, RunRecord } from '../domain/index.js';
import { boardMemory } from '../platform/index.js';
import { createAdmission } from '../scheduler/index.js';

/** Guests that sense sleep nearly always: so many share a core before they would feel each other. */
const VCPUS_PER_CORE = 16;

/** Places on this board, within what the configuration allows. */
export function boardAdmission(
  settings: Config['runner'],
  clock: Clock,
  active: () => readonly RunRecord[],
): Admission {
  const { maxRuns: runs, memoryMib, vcpus = availableParallelism() * VCPUS_PER_CORE } = settings;
  return createAdmission({
    limits: { runs, vcpus, ...(memoryMib === undefined ? {} : { memoryMib }) },
    ...{ memory: boardMemory, clock },
    residentMib: (run) => residentMib(active(), run),
  });
}

/** Its share of the memory that monitors have in common, where that was measured yet. */
function residentMib(runs: readonly RunRecord[], run: RunId): number {
  const footprint = runs.find(({ id }) => id === run)?.footprint;
  return footprint === undefined ? 0 : footprint.peakPssBytes / 2 ** 20;
}
