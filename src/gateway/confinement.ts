import type { Config } from '../config/index.js';
import { Confinement, boardMeans } from '../confinement/index.js';
import type { Clock, Logger } from '../domain/index.js';
import { runFolders } from '../platform/index.js';
import { runHelper } from '../runner/index.js';

interface ConfinementOptions {
  readonly config: Config;
  /** The value of PATH. */
  readonly searchPath: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether guests get control groups, for which this process moves into one of its own. */
  readonly groups: boolean;
}

/** How this board confines guests. @throws PerigeeError `config` for a user that there is not. */
export function boardConfinement({ config, groups, ...parts }: ConfinementOptions): Confinement {
  return new Confinement({
    ...boardMeans(config.runner.user, groups),
    ...{ ...parts, folders: runFolders(config.dataDirectory), run: runHelper },
  });
}
