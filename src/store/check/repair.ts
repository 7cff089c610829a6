import { BEFORE_EVERYTHING } from '../../domain/index.js';
import type { Logger, Loss, Position, Resolution } from '../../domain/index.js';
import { blockHeaders } from '../blocks/block-headers.js';
import { lossOf } from '../blocks/block-store.js';
import { blockOperations } from '../blocks/sealed-block.js';
import type { BlockReader } from '../blocks/block-store.js';
import { find, remove } from '../database/database.js';
import type { Database, Operation } from '../database/database.js';
import { whileLocked } from '../database/lock.js';
import { stoppedStore } from '../database/stopped-store.js';
import * as keys from '../format/keys.js';
import { openMended } from '../open-level-store.js';
import type { LevelStoreOptions } from '../open-level-store.js';
import { refuseForeignDatabase } from '../opening/foreign.js';
import { LossList } from '../records/loss-list.js';
import { checkFiles } from '../salvage/files.js';
import type { Progress } from '../salvage/finding.js';
import { salvageFiles } from '../salvage/salvage.js';
import { Aside } from '../salvage/set-aside.js';
import { useSoundDatabase } from '../salvage/sound-database.js';
import type { Soundness } from '../salvage/sound-database.js';
import { viewDatabase } from '../salvage/view.js';
import { agreements } from './agreement.js';
import { mendBlock } from './mend-block.js';
import type { PartialLoss } from './mend-block.js';
import { readerOf, rowsOfBlock, stepsOf } from './reading.js';
import type { Reading } from './reading.js';

/** What became of a store that was repaired. */
export interface RepairReport {
  readonly path: string;
  readonly gatewayId: string;
  /** Where what cannot be read is now; absent where there was none. */
  readonly aside?: string;
  /** Those that are there. */
  readonly observations: number;
  /** Blocks of minutes and of hours that were made anew. */
  readonly refolded: number;
  /** What was wrong with the files: of what was in them alone, nothing tells that it is lost. */
  readonly files: readonly string[];
  /** What was found to be lost now, also where some reader had met it before. */
  readonly losses: readonly Loss[];
  /** What of observations that are there was found to be lost. */
  readonly partial: readonly PartialLoss[];
}

/**
 * Reads everything in a stopped store, sets aside what cannot be read, makes anew what can be made of the rest, and
 * records what is lost.
 */
export async function repairStore(options: LevelStoreOptions, progress: Progress): Promise<RepairReport> {
  const { directory, clock, logger } = options;
  const path = await stoppedStore(directory);
  await refuseForeignDatabase(path);
  const aside = new Aside(path, clock.wallMs());
  const parts = { path, aside, logger };
  const files = await checkFiles(path, (done) => progress(done / 2));
  if (files.length > 0) await whileLocked(path, () => salvageFiles(parts));
  const mended = await useSoundDatabase(parts, async (db) => {
    const reading = { db, path, logger };
    const found = await mendBlocks(db, aside, await readerOf(reading, 'raw'));
    const refolded = await foldAnew(reading, aside);
    await db.close();
    return { ...found, refolded };
  });
  const { gatewayId, losses } = await record(
    options,
    aside,
    files.length > 0 ? 'salvaged' : 'lost-writes',
    mended,
  );
  const observations = await countObservations(path, logger);
  progress(1);
  const { refolded, partial } = mended;
  const folder = aside.path ? { aside: aside.path } : {};
  const texts = files.map(({ text }) => text);
  return { path, gatewayId, observations, refolded, files: texts, losses, partial, ...folder };
}

/** Opens the store, which tells what else is missing, and writes down what was found. */
async function record(
  options: LevelStoreOptions,
  aside: Aside,
  soundness: Soundness,
  { lost, partial }: Found,
): Promise<Pick<RepairReport, 'gatewayId' | 'losses'>> {
  await using store = await openMended(options, aside, soundness);
  for (const loss of lost) store.noteLoss(loss);
  const told = store.losses(BEFORE_EVERYTHING).filter(({ position }) => position.epoch === store.epoch);
  // Nobody can tell what they are without: so no count of theirs is kept.
  for (const { reason, what, epoch, sequences, times } of partial)
    store.noteLoss({ reason, what, epoch, ...(sequences && { sequences }), ...(times && { times }) });
  // What was known before the repair is not told again.
  const list = new LossList(store.epoch, told);
  for (const loss of lost) list.note(loss);
  return { gatewayId: store.gatewayId, losses: list.changedBehind(BEFORE_EVERYTHING) };
}

/** In a view: what closes a database while LevelDB sorts it leaves a table that is not whole. */
function countObservations(path: string, logger: Logger): Promise<number> {
  return viewDatabase(path, logger, async (db) => {
    let observations = 0;
    for await (const { header } of blockHeaders(db)) observations += header?.observations ?? 0;
    return observations;
  });
}

interface Found {
  /** Of blocks that are gone. */
  readonly lost: readonly Loss[];
  readonly partial: readonly PartialLoss[];
}

/** Damaged blocks are written again without what cannot be read of them, or go. */
async function mendBlocks(db: Database, aside: Aside, reader: BlockReader): Promise<Found> {
  const lost: Loss[] = [];
  const partial: PartialLoss[] = [];
  /** Where blocks begin whose headers are damaged: the next one tells how much that was. */
  let headless: Position | undefined;
  const tellHeadless = (next?: Position): void => {
    if (headless === undefined) return;
    const { epoch, sequence: first } = headless;
    const isKnown = next?.epoch === epoch;
    const sequences = { first, last: isKnown ? next.sequence - 1 : first };
    const count = isKnown ? { count: next.sequence - first } : {};
    lost.push({ reason: 'damaged', what: 'observations', epoch, ...count, sequences });
    headless = undefined;
  };
  for await (const { place, header } of blockHeaders(db)) {
    if (header === undefined) {
      if (headless?.epoch !== place.epoch) tellHeadless();
      headless ??= place;
      await removeBlock(db, aside, place, 'raw');
      continue;
    }
    tellHeadless(place);
    if ((await rowsOfBlock(reader, place)) !== undefined) continue;
    const kept = await mendBlock(db, aside, { place, header });
    if (kept !== undefined) {
      partial.push(kept);
      continue;
    }
    await removeBlock(db, aside, place, 'raw');
    lost.push(lossOf(place, header));
  }
  tellHeadless();
  return { lost, partial };
}

/** Roll-ups that cannot be read, or are not what they were made of, are made anew where what they were made of is there. */
async function foldAnew(reading: Reading, aside: Aside): Promise<number> {
  const { db } = reading;
  let refolded = 0;
  for await (const step of stepsOf(reading)) {
    for await (const { place, verdict, folded } of agreements(step)) {
      if (verdict === 'agrees' || verdict === 'unknown') continue;
      await removeBlock(db, aside, place, step.resolution);
      if (folded === undefined) continue;
      await db.batch(blockOperations(folded, step.resolution), { sync: true });
      refolded += 1;
    }
  }
  return refolded;
}

/** All rows of it go aside. */
async function removeBlock(
  db: Database,
  aside: Aside,
  place: Position,
  resolution: Resolution,
): Promise<void> {
  const header = keys.blockKeyOf(place, resolution);
  const parts = await db.iterator(keys.partsOf(place, place, resolution)).all();
  const bytes = await find(db, header);
  const rows = [...(bytes === undefined ? [] : [[header, bytes] as const]), ...parts];
  const operations: Operation[] = [];
  for (const [key, value] of rows) {
    await aside.keep(key, value, `a block of ${resolution}`);
    operations.push(remove(key));
  }
  await db.batch(operations, { sync: true });
}
