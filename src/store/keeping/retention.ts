import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RESOLUTIONS, comparePositions } from '../../domain/index.js';
import type { Logger, Position, Resolution } from '../../domain/index.js';
import type { BlockReader } from '../blocks/block-store.js';
import { encodeFloors } from '../blocks/floors.js';
import type { Floors } from '../blocks/floors.js';
import { compactRange, put, remove, sizeOnDisk } from '../database/database.js';
import type { Database } from '../database/database.js';
import type { Write } from '../database/writer.js';
import { recordedBefore } from '../epochs/age.js';
import type { EpochClocks } from '../epochs/epoch-clock.js';
import * as keys from '../format/keys.js';
import { TABLE_NAME } from '../leveldb/file-names.js';
import type { LossLog } from '../records/loss-log.js';
import type { RunPruner } from '../records/run-pruning.js';
import type { Rollups } from '../rollups/rollups.js';
import { noteUnread } from './unread.js';

export interface RetentionLimits {
  /** Days of recorded time that are kept at least; some more may be. */
  readonly keepRawDays: number;
  readonly keepMinutesDays: number;
  readonly keepHoursDays: number;
  /** Of all files of the store. */
  readonly maxMib: number;
}

interface RetentionParts {
  readonly db: Database;
  readonly path: string;
  readonly logger: Logger;
  readonly write: Write;
  readonly readers: Readonly<Record<Resolution, BlockReader>>;
  readonly rollups: Rollups;
  readonly clocks: EpochClocks;
  readonly floors: Floors;
  readonly losses: LossLog;
  readonly runs: RunPruner;
  readonly limits: RetentionLimits;
  /** Who follows the observations by a cursor, and is told of what was dropped before it was read. */
  readonly follower: string | undefined;
}

const DAY_US = 86_400 * 1e6;
/**
 * What is kept by its age is dropped in steps of this share of it, a day at least; what is too much by its size goes
 * down by the other share at once. Each step costs a card some megabytes of sorting anew, however much goes with it.
 */
const AGE_STEP_SHARE = 8;
const SIZE_STEP_SHARE = 16;
/** An hour: what goes by its size goes by whole ones. */
const BLOCKS_A_LOOK = 12;
/** Keys that one write removes: others have their turn in between. */
const KEYS_TOGETHER = 1000;

/**
 * Drops what is too old or too much: the oldest samples first, then minutes, then hours; nothing that is not folded yet.
 * First it is noted from where on everything is kept, and then what lies below is removed: so it ends well wherever it
 * is cut short, and goes on with the next round.
 */
export class Retention {
  readonly #parts: RetentionParts;
  readonly #keepUs: Readonly<Record<Resolution, number>>;

  constructor(parts: RetentionParts) {
    const { keepRawDays, keepMinutesDays, keepHoursDays } = parts.limits;
    this.#parts = parts;
    this.#keepUs = {
      raw: keepRawDays * DAY_US,
      minutes: keepMinutesDays * DAY_US,
      hours: keepHoursDays * DAY_US,
    };
  }

  /** One round. @throws what the disk said, or the signal's reason. */
  async tidy(signal: AbortSignal): Promise<void> {
    const { floors, runs } = this.#parts;
    if (floors.clearing) await this.#clear(signal);
    if (await this.#drop(await this.#tooOld())) await this.#clear(signal);
    if (await this.#drop(await this.#tooMuch())) await this.#clear(signal);
    await runs.prune();
  }

  async #tooOld(): Promise<Cuts> {
    const cuts: Partial<Record<Resolution, Position>> = {};
    const epochs = this.#parts.clocks.recorded();
    for (const resolution of RESOLUTIONS) {
      const keepUs = this.#keepUs[resolution];
      const due = recordedBefore(epochs, keepUs + Math.max(DAY_US, keepUs / AGE_STEP_SHARE));
      const cut = recordedBefore(epochs, keepUs);
      if (due === undefined || cut === undefined) continue;
      const reader = this.#parts.readers[resolution];
      const placeOf = async ({ epoch, us }: typeof cut): Promise<Position> => ({
        epoch,
        sequence: await reader.firstInTime(epoch, us),
      });
      const floor = this.#parts.floors.of(resolution);
      if (comparePositions(floor, await placeOf(due)) < 0) cuts[resolution] = await placeOf(cut);
    }
    return cuts;
  }

  async #tooMuch(): Promise<Cuts> {
    const maxBytes = this.#parts.limits.maxMib * 2 ** 20;
    const used = await bytesOf(this.#parts);
    if (used <= maxBytes) return {};
    let left = used - maxBytes + maxBytes / SIZE_STEP_SHARE;
    const cuts: Partial<Record<Resolution, Position>> = {};
    for (const resolution of RESOLUTIONS) {
      const { cut, bytes } = await this.#cutBySize(resolution, left);
      if (cut !== undefined) cuts[resolution] = cut;
      left -= bytes;
      if (left <= 0) break;
    }
    return cuts;
  }

  /** So far that at least as many bytes go, if there are as many. */
  async #cutBySize(
    resolution: Resolution,
    wanted: number,
  ): Promise<{ readonly cut?: Position; readonly bytes: number }> {
    const { db, floors } = this.#parts;
    const limit = this.#limitOf(resolution);
    const places = this.#parts.readers[resolution].places({ from: floors.of(resolution), to: limit });
    let found: { readonly cut?: Position; readonly bytes: number } = { bytes: 0 };
    let count = 0;
    const look = async (cut: Position): Promise<void> => {
      const ranges = keys.blocksBefore(cut, resolution);
      const sizes = await Promise.all(ranges.map((range) => sizeOnDisk(db, range)));
      const bytes = sizes.reduce((sum, size) => sum + size, 0);
      if (bytes > 0) found = { cut, bytes };
    };
    for await (const place of places) {
      count += 1;
      if (count % BLOCKS_A_LOOK !== 0) continue;
      await look(place);
      if (found.bytes >= wanted) return found;
    }
    if (count > 0) await look(limit);
    return found;
  }

  /** What may be dropped at most: all that is folded. */
  #limitOf(resolution: Resolution): Position {
    const { ends } = this.#parts.rollups;
    const end = { raw: ends.minutes, minutes: ends.hours, hours: ends.hours }[resolution];
    return { ...end, sequence: end.sequence + 1 };
  }

  /** Whether there was anything to drop. */
  async #drop(cuts: Cuts): Promise<boolean> {
    const { clocks, floors, follower, losses, write } = this.#parts;
    const bounded = Object.fromEntries(
      RESOLUTIONS.flatMap((resolution) => {
        const cut = cuts[resolution];
        const limit = this.#limitOf(resolution);
        return cut === undefined ? [] : [[resolution, comparePositions(cut, limit) < 0 ? cut : limit]];
      }),
    ) as Cuts;
    const raised = floors.raised(bounded);
    const isHigher = (resolution: Resolution): boolean =>
      comparePositions(raised[resolution], floors.of(resolution)) > 0;
    if (!RESOLUTIONS.some(isHigher)) return false;
    if (follower !== undefined) await noteUnread(this.#parts, follower, raised.raw);
    await losses.flush();
    const oldest = Math.min(...RESOLUTIONS.map((resolution) => raised[resolution].epoch));
    await write([put(keys.FLOORS_KEY, encodeFloors(raised)), ...clocks.forgetBefore(oldest)], { sync: true });
    floors.set(raised);
    return true;
  }

  /** Removes what lies below the floors, and frees its space. */
  async #clear(signal: AbortSignal): Promise<void> {
    const { db, floors, logger, write } = this.#parts;
    for (const resolution of RESOLUTIONS) {
      for (const range of keys.blocksBefore(floors.of(resolution), resolution)) {
        if (await this.#removeAll(range, signal)) await compactRange(db, range);
        signal.throwIfAborted();
      }
    }
    const cleared = floors.cleared();
    await write([put(keys.FLOORS_KEY, encodeFloors(cleared))]);
    floors.set(cleared);
    const { raw, minutes, hours } = cleared;
    logger.info({ raw, minutes, hours }, 'the oldest was dropped; what is kept begins here');
  }

  async #removeAll(range: keys.KeyRange, signal: AbortSignal): Promise<boolean> {
    const { db, write } = this.#parts;
    let behind: { readonly gte: Uint8Array } | { readonly gt: Uint8Array } = { gte: range.gte };
    for (let isFirst = true; ; isFirst = false) {
      signal.throwIfAborted();
      const found: readonly Uint8Array[] = await db
        .keys({ ...behind, lt: range.lt, limit: KEYS_TOGETHER })
        .all();
      const last = found.at(-1);
      if (last === undefined) return !isFirst;
      await write(found.map((key) => remove(key)));
      behind = { gt: last };
    }
  }
}

type Cuts = Readonly<Partial<Record<Resolution, Position>>>;

/** LevelDB's tables as it counts them: while it sorts, the folder has the old ones too. */
async function bytesOf({ db, path }: RetentionParts): Promise<number> {
  let bytes = await sizeOnDisk(db, keys.EVERYTHING);
  for (const name of await readdir(path))
    // LevelDB may have removed it since.
    if (!TABLE_NAME.test(name)) bytes += (await stat(join(path, name)).catch(() => undefined))?.size ?? 0;
  return bytes;
}
