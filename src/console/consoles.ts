import { rmSync, statSync } from 'node:fs';
import { reasonOf, type Logger, type RunId } from '../domain/index.js';
import { Ring } from './ring.js';
import { segmentsIn } from './segments.js';

export interface ConsoleLimits {
  /** Of one run. */
  readonly runBytes: number;
  /** Of all runs that have ended; those that go on come on top, each with its own limit. */
  readonly totalBytes: number;
}

export interface Consoles {
  /** Keeps the console of a run that begins, or that goes on under this gateway. Disposed at its end. */
  open(id: RunId): Ring;
}

/** Usual consoles have some hundred bytes: without it, the bound in bytes would let many thousand files pile up. */
const MAX_RUNS = 500;

/** The oldest make room, at once and whenever a run ends. A folder that cannot be used stops no gateway and no run. */
export function openConsoles(directory: string, limits: ConsoleLimits, logger: Logger): Consoles {
  const shelf = new Shelf(directory, limits, logger);
  return {
    open: (id) => {
      const before = shelf.take(id);
      return new Ring({
        ...{ directory, id, maxBytes: limits.runBytes },
        failed: (error) => logger.error({ run: id }, `its console is not kept: ${reasonOf(error)}`),
        // A guest that goes on under this gateway may print nothing more.
        closed: (bytes) => shelf.put(id, Math.max(bytes, before)),
      });
    },
  };
}

/** The consoles of runs that have ended, oldest first, with their sizes. */
class Shelf {
  readonly #directory: string;
  readonly #limits: ConsoleLimits;
  readonly #logger: Logger;
  readonly #sizes = new Map<RunId, number>();
  #total = 0;

  constructor(directory: string, limits: ConsoleLimits, logger: Logger) {
    this.#directory = directory;
    this.#limits = limits;
    this.#logger = logger;
    this.#guarded(() => {
      for (const [id, bytes] of sizesIn(directory)) this.#add(id, bytes);
      this.#prune();
    });
  }

  /** It goes on, and is nobody's to remove. The answer is its size. */
  take(id: RunId): number {
    const bytes = this.#sizes.get(id) ?? 0;
    this.#total -= bytes;
    this.#sizes.delete(id);
    return bytes;
  }

  put(id: RunId, bytes: number): void {
    if (bytes === 0) return;
    this.#add(id, bytes);
    this.#guarded(() => this.#prune());
  }

  #add(id: RunId, bytes: number): void {
    this.#sizes.set(id, bytes);
    this.#total += bytes;
  }

  #prune(): void {
    for (const id of this.#sizes.keys()) {
      if (this.#total <= this.#limits.totalBytes && this.#sizes.size <= MAX_RUNS) return;
      this.take(id);
      for (const { path } of segmentsIn(this.#directory, id)) rmSync(path, { force: true });
    }
  }

  #guarded(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#logger.warn(
        { directory: this.#directory },
        `old consoles were not removed: ${reasonOf(error)}; make the folder and its files writable`,
      );
    }
  }
}

/** By the time of the last change, oldest first. */
function sizesIn(directory: string): readonly (readonly [RunId, number])[] {
  const found = new Map<RunId, { bytes: number; changedMs: number }>();
  for (const { id, path } of segmentsIn(directory)) {
    const { mtimeMs, size } = statSync(path);
    const { bytes, changedMs } = found.get(id) ?? { bytes: 0, changedMs: 0 };
    found.set(id, { bytes: bytes + size, changedMs: Math.max(changedMs, mtimeMs) });
  }
  return [...found]
    .sort(([, a], [, b]) => a.changedMs - b.changedMs)
    .map(([id, { bytes }]) => [id, bytes] as const);
}
