import { rm, stat, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { reasonOf } from '../../domain/index.js';
import type { Logger } from '../../domain/index.js';

export const RESERVE_FILE = 'reserve';
/** LevelDB writes out 4 MB when it is opened after a failure; the rest is for records of runs meanwhile. */
const RESERVE_BYTES = 8 * 1024 * 1024;

/**
 * Space that is kept for a full disk: a file that goes when a write failed. While it is gone no samples are made blocks,
 * so that the records of runs can have its place, and it comes back once there is room for two of it.
 */
export class SpaceReserve {
  readonly #path: string;
  readonly #folder: string;
  readonly #logger: Logger;
  #isHeld = false;

  constructor(folder: string, logger: Logger) {
    this.#folder = folder;
    this.#path = join(folder, RESERVE_FILE);
    this.#logger = logger;
  }

  /** Whether there is room for samples; takes it back if it can. */
  async hold(): Promise<boolean> {
    if (this.#isHeld) return true;
    try {
      const { bavail, bsize } = await statfs(this.#folder);
      const isWhole = (await stat(this.#path).catch(() => undefined))?.size === RESERVE_BYTES;
      if (!isWhole && bavail * bsize < 2 * RESERVE_BYTES) return false;
      if (!isWhole) await writeFile(this.#path, new Uint8Array(RESERVE_BYTES), { mode: 0o600 });
      this.#isHeld = true;
    } catch (error) {
      this.#logger.warn({ reason: reasonOf(error) }, 'no space can be kept for a full disk');
    }
    return this.#isHeld;
  }

  async release(): Promise<void> {
    this.#isHeld = false;
    await rm(this.#path, { force: true });
  }
}

/** Of a store that is not open. Whether there was any. */
export async function releaseReserve(folder: string): Promise<boolean> {
  const path = join(folder, RESERVE_FILE);
  const isThere = (await stat(path).catch(() => undefined)) !== undefined;
  await rm(path, { force: true });
  return isThere;
}
