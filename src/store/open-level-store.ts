import type { Clock, Logger } from '../domain/index.js';
import { BLOCK_US } from './appender.js';
import { prepareStoreFolder } from './database/data-directory.js';
import { SpaceReserve } from './database/reserve.js';
import { WriteMeter } from './database/write-meter.js';
import { createWriter } from './database/writer.js';
import { LevelStore } from './level-store.js';
import type { Followers, StoreLimits, ToolableStore } from './level-store.js';
import { refuseForeignDatabase } from './opening/foreign.js';
import { openContents } from './opening/opening.js';
import { Aside } from './salvage/set-aside.js';
import { useSoundDatabase } from './salvage/sound-database.js';
import type { Soundness } from './salvage/sound-database.js';
import type { SeriesLimits } from './series/series-limits.js';
import { finishRestore, refuseUnfinished } from './tools/placing.js';

/** Where a test makes the world fail. */
export interface StoreFaults {
  /** Runs before each write to the database or the head log; what it throws is what the disk would have thrown. */
  readonly beforeWrite?: () => Promise<void>;
}

/**
 * `normal`: a power cut loses at most the last `powerCutSeconds`. `frugal`: it loses what is in no block yet, at most
 * some minutes, and a card is written a third as much. A killed process loses nothing either way.
 */
export type Durability = 'normal' | 'frugal';

export interface LevelStoreOptions extends Partial<SeriesLimits> {
  /** The data directory; the store keeps to the folder `store` in it. */
  readonly directory: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly durability?: Durability;
  readonly powerCutSeconds?: number;
  /** Folders of the data directory whose files a backup has as well. */
  readonly besides?: readonly string[];
  /** What is older, or more, is dropped; absent for everything that fits on the disk. */
  readonly keepRawDays?: number;
  readonly keepMinutesDays?: number;
  readonly keepHoursDays?: number;
  readonly keepRuns?: number;
  readonly maxMib?: number;
  /** Whether that is dropped: a gateway does so, and no command that comes to read with a configuration of its own. */
  readonly dropsOld?: boolean;
  readonly followers?: Followers | undefined;
  /** The number that this board was made with: a store that comes to another one is told of. */
  readonly board?: string | undefined;
  readonly faults?: StoreFaults;
}

/** What a power cut may lose, unless told otherwise. */
const POWER_CUT_SECONDS = 10;

/**
 * Opens or makes the store of a data directory and begins an epoch. What it acknowledged survives the process, however
 * that ends, and a power cut loses at most the newest `powerCutSeconds` of it. docs/storage.md has the format.
 *
 * @throws PerigeeError `data-dir-unusable`, `data-dir-locked` or `store-corrupt`.
 */
export async function openLevelStore(options: LevelStoreOptions): Promise<ToolableStore> {
  await finishRestore(options.directory);
  refuseUnfinished(options.directory);
  const path = await prepareStoreFolder(options.directory);
  await refuseForeignDatabase(path);
  return openMended(options, new Aside(path, options.clock.wallMs()), 'whole');
}

/** The same, of a folder that is there, and was found in this state already. */
export function openMended(
  options: LevelStoreOptions,
  aside: Aside,
  known: Soundness,
): Promise<ToolableStore> {
  const { clock, logger, faults = {} } = options;
  const startedUs = clock.monotonicUs();
  const path = aside.storePath;
  return useSoundDatabase({ path, aside, logger }, async (db, found) => {
    const soundness = found === 'whole' ? known : found;
    const reserve = new SpaceReserve(path, logger);
    await reserve.hold();
    const { beforeWrite = () => Promise.resolve() } = faults;
    const meter = new WriteMeter();
    const write = meter.over(createWriter({ db, path, logger, reserve, beforeWrite: faults.beforeWrite }));
    const isFrugal = options.durability === 'frugal';
    const syncMs = (options.powerCutSeconds ?? POWER_CUT_SECONDS) * 1000;
    const powerCutMs = isFrugal ? BLOCK_US / 1000 : syncMs;
    const { board } = options;
    const opening = {
      db,
      path,
      write,
      logger,
      aside,
      soundness,
      board,
      isFrugal,
      powerCutMs,
      series: options,
    };
    const contents = await openContents(opening);
    const openMs = (clock.monotonicUs() - startedUs) / 1000;
    const { epoch } = contents.identity;
    logger.debug({ path, epoch, openMs, ...contents.ledger.counts() }, 'store open');
    if (aside.path !== undefined)
      logger.error({ folder: aside.path }, 'what could not be read is set aside, and the rest goes on');
    const besides = options.besides ?? [];
    return new LevelStore({
      ...{ db, path, meter, write, clock, logger, beforeWrite, syncMs, besides, reserve },
      ...{ followers: options.followers, limits: limitsOf(options), dropsOld: options.dropsOld ?? false },
      ...contents,
    });
  });
}

function limitsOf(options: LevelStoreOptions): StoreLimits {
  const { keepRawDays = Infinity, keepMinutesDays = Infinity, keepHoursDays = Infinity } = options;
  const { keepRuns = Infinity, maxMib = Infinity } = options;
  return { keepRawDays, keepMinutesDays, keepHoursDays, keepRuns, maxMib };
}
