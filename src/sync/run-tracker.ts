import { createHash } from 'node:crypto';
import { isEnded } from '../domain/index.js';
import type { RunId, RunJournal, RunRecord } from '../domain/index.js';

/** Reads runs; writing them is not the uploader's business. */
export type Journal = Pick<RunJournal, 'list' | 'get'>;

/** How many of the newest runs are looked at; more if none of them is known to the backend, as after an outage. */
const LOOK_MIN = 16;
/** Sent again after a restart, at most: about 400 kB. */
const LOOK_MAX = 256;

/**
 * Knows which runs the backend has in their present form. In memory only: after a restart the newest runs are sent
 * again, which changes nothing there.
 */
export class RunTracker {
  readonly #journal: Journal;
  /** Digest of what was acknowledged, for the runs seen last. */
  #known = new Map<RunId, string>();
  /** Acknowledged while they went on, so that their end is sent, however old they are then. */
  readonly #open = new Set<RunId>();

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** Runs that the backend does not have as they are now, at most `limit`, oldest first: so none is left behind. */
  async changed(limit: number): Promise<readonly RunRecord[]> {
    const recent = await this.#recent();
    const seen = new Set(recent.map((run) => run.id));
    const older = await Promise.all(
      [...this.#open].filter((id) => !seen.has(id)).map((id) => this.#journal.get(id)),
    );
    const runs = [...older.filter((run) => run !== undefined), ...recent.toReversed()];
    const ids = new Set(runs.map((run) => run.id));
    this.#known = new Map([...this.#known].filter(([id]) => ids.has(id)));
    return runs.filter((run) => this.#known.get(run.id) !== digest(run)).slice(0, limit);
  }

  acknowledge(runs: readonly RunRecord[]): void {
    for (const run of runs) {
      this.#known.set(run.id, digest(run));
      if (isEnded(run)) this.#open.delete(run.id);
      else this.#open.add(run.id);
    }
  }

  async #recent(): Promise<readonly RunRecord[]> {
    for (let look = LOOK_MIN; ; look *= 2) {
      const runs = await this.#journal.list(look);
      const reachesKnown = runs.some((run) => this.#known.has(run.id));
      if (reachesKnown || runs.length < look || look >= LOOK_MAX) return runs;
    }
  }
}

function digest(run: RunRecord): string {
  return createHash('sha256').update(JSON.stringify(run)).digest('base64');
}
