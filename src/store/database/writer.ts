import type { Logger } from '../../domain/index.js';
import { closeDatabase } from './database.js';
import type { Database, Operation } from './database.js';
import { lossReasonOf, writingFailed } from './level-errors.js';
import type { SpaceReserve } from './reserve.js';

/** Puts all of it into the database, or nothing; synced, a power cut cannot take it back. */
export type Write = (operations: Operation[], options?: WriteOptions) => Promise<void>;

export interface WriteOptions {
  readonly sync: boolean;
  /** Has no part in the space that is kept for a full disk. */
  readonly isSamples?: boolean;
}

export interface WriterParts {
  readonly db: Database;
  readonly path: string;
  readonly logger: Logger;
  readonly reserve: SpaceReserve;
  /** What it throws is what the disk would have thrown. */
  readonly beforeWrite: (() => Promise<void>) | undefined;
}

/**
 * The one way into the database. After a write that failed, LevelDB refuses every other one until it is opened again,
 * also once there is space; and without that it was seen to lose what it had acknowledged. So it is opened again at the
 * first failure, in the space that was kept for it, and with each write while even that fails.
 */
export function createWriter({ db, path, logger, reserve, beforeWrite }: WriterParts): Write {
  let reopening: Promise<void> | undefined;
  const reopen = (): Promise<void> =>
    (reopening ??= (async () => {
      await reserve.release();
      await closeDatabase(db);
      await db.open();
      logger.info({ path }, 'the store was opened again after a write that failed');
    })().finally(() => (reopening = undefined)));

  return async (operations, options: WriteOptions = { sync: false }) => {
    try {
      if (reopening !== undefined || db.status !== 'open') await reopen();
    } catch (error) {
      throw writingFailed(path, error);
    }
    const batch = async (): Promise<void> => {
      await beforeWrite?.();
      await db.batch(operations, { sync: options.sync });
    };
    try {
      await batch();
    } catch (error) {
      try {
        await reopen();
      } catch (cause) {
        logger.error({ path }, writingFailed(path, cause).message);
        throw writingFailed(path, error);
      }
      // It may have been an earlier failure that LevelDB repeats, and there may be room now; not for samples.
      if (options.isSamples === true && lossReasonOf(error) === 'disk-full') throw writingFailed(path, error);
      await batch().catch((cause: unknown) => {
        throw writingFailed(path, cause);
      });
    }
  };
}
