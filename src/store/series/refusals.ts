import type { Logger } from '../../domain/index.js';
import type { Refusal } from './ledger.js';

/** Refusals that are told; the rest only count. */
const TOLD_MAX = 1000;

/** Tells once for each series or image what samples were refused for: what is refused now comes again every second. */
export class RefusalLog {
  readonly #logger: Logger;
  readonly #told = new Set<string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  tell({ about, reason }: Refusal): void {
    if (this.#told.has(about) || this.#told.size === TOLD_MAX) return;
    this.#told.add(about);
    this.#logger.warn({ about }, `samples are not stored: ${reason}`);
  }
}
