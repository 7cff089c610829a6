import type { Logger } from '../../domain/index.js';
import { HeadRing } from '../head/head-ring.js';
import { lookAtFiles } from '../salvage/salvage.js';
import { viewDatabase } from '../salvage/view.js';
import { identityIn } from './identity.js';

/**
 * Looks, without touching anything, whether a database that has no head log of ours is one of ours: LevelDB changes
 * files as soon as it is opened.
 *
 * @throws PerigeeError `data-dir-unusable` where it is another program's.
 */
export async function refuseForeignDatabase(path: string, logger: Logger): Promise<void> {
  if ((await HeadRing.peek(path)) !== undefined || (await lookAtFiles(path)).isNew) return;
  const silent: Logger = { ...logger, error: () => undefined };
  await viewDatabase(path, silent, (db) => identityIn(db, path, undefined));
}
