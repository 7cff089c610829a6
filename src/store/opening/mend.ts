import { BEFORE_EVERYTHING, describeLoss, isEnded } from '../../domain/index.js';
import type { Logger, Loss, LossWriter, Position } from '../../domain/index.js';
import type { BlockHeader } from '../blocks/block-codec.js';
import { GapFinder, blockHeaders } from '../blocks/block-headers.js';
import { floorsOf } from '../blocks/floors-row.js';
import { find, put, remove } from '../database/database.js';
import type { Database, Operation } from '../database/database.js';
import type { Write } from '../database/writer.js';
import { clockOperation, decodeEpochClock } from '../epochs/epoch-clock.js';
import type { EpochClock } from '../epochs/epoch-clock.js';
import {
  decodeHeadStarts,
  decodePosition,
  decodeTotals,
  encodePosition,
  encodeTotals,
} from '../format/codec.js';
import type { Totals } from '../format/codec.js';
import * as keys from '../format/keys.js';
import { decodeRun, encodeRunId } from '../records/run-codec.js';
import type { Aside } from '../salvage/set-aside.js';

/** Written together, so that memory stays small. */
const ROWS_TOGETHER = 1000;
/** Written once, and never again; blocks of minutes are written anew where they are joined. */
const BLOCK_FAMILIES: readonly keys.Family[] = [
  ...(['block', 'part', 'hours', 'hoursPart', 'observation'] as const),
];

export interface MendParts {
  readonly db: Database;
  readonly write: Write;
  readonly aside: Aside;
  readonly logger: Logger;
}

/** What the blocks of a store hold. */
interface Counted {
  readonly totals: Totals;
  /** The greatest number of a series that is in them. */
  readonly seriesMax: number;
  /** What their headers say of the clock of each epoch. */
  readonly clocks: ReadonlyMap<number, StoredClock>;
}

type StoredClock = NonNullable<EpochClock['stored']>;

/**
 * Makes the rows of a database agree again which was put together of what could be read. What only points to something
 * is made anew, what cannot be read is set aside, and what may be older than it should be is forgotten where it can be
 * found out again. Gives the greatest number of a series that the blocks name.
 */
export async function mend(parts: MendParts): Promise<number> {
  await keepUnreadable(parts);
  const blocks = await readBlocks(parts);
  await mendRuns(parts);
  await parts.write(
    [
      ...(await mendTotals(parts, blocks.totals)),
      ...(await mendClocks(parts, blocks.clocks)),
      ...(await mendFold(parts, keys.CHECKPOINT_KEY, 'minutes')),
      ...(await mendFold(parts, keys.FOLDED_KEY, 'hours')),
      // It may lie behind what was lost: all that is in the head log is looked at instead.
      remove(keys.HEAD_KEY),
    ],
    { sync: true },
  );
  return blocks.seriesMax;
}

const SINGLE: readonly (readonly [key: Uint8Array, decode: (bytes: Uint8Array) => unknown, what: string])[] =
  [
    [keys.TOTALS_KEY, decodeTotals, 'how much was stored'],
    [keys.CHECKPOINT_KEY, decodePosition, 'how far minutes go'],
    [keys.FOLDED_KEY, decodePosition, 'how far hours go'],
    [keys.HEAD_KEY, decodeHeadStarts, 'where the head log begins'],
  ];

/** Of the rows on which an opening relies, those that are not what we write. */
export async function unreadableRows(db: Database): Promise<readonly string[]> {
  const values = await Promise.all(SINGLE.map(([key]) => find(db, key)));
  const single = SINGLE.flatMap(([, decode, what], at) =>
    values[at] === undefined || decode(values[at]) !== undefined ? [] : [what],
  );
  const epochs = await db.iterator(keys.rangeOf('epoch')).all();
  const unclear = epochs.filter(([, value]) => decodeEpochClock(value) === undefined);
  return [...single, ...unclear.map(([key]) => `the clock of start ${keys.idOfKey(key)}`)];
}

async function keepUnreadable({ db, write, aside }: MendParts): Promise<void> {
  for (const [key, decode, what] of SINGLE) {
    const bytes = await find(db, key);
    if (bytes === undefined || decode(bytes) !== undefined) continue;
    await aside.keep(key, bytes, what);
    await write([remove(key)]);
  }
}

/** Once all that could be found is in blocks. */
export async function tellGaps(db: Database, logger: Logger, losses: LossWriter): Promise<void> {
  const finder = new GapFinder((await floorsOf(db)).of('raw'));
  const ends = new Map<number, BlockHeader>();
  const tell = (gap: Omit<Loss, 'reason'>): void => {
    const loss = { reason: 'damaged', ...gap } as const;
    logger.error({ ...gap }, `lost: ${describeLoss(loss)}`);
    losses.noteLoss(loss);
  };
  for await (const found of blockHeaders(db)) {
    const gap = finder.next(found);
    if (gap !== undefined) tell(gap);
    if (found.header !== undefined) ends.set(found.place.epoch, found.header);
  }
  for (const [epoch, header] of ends) {
    const bytes = await find(db, keys.epochKeyOf(epoch));
    const stored = bytes && decodeEpochClock(bytes)?.stored;
    // Its clock has seen more than its last block: how much, nobody can tell.
    if (stored === undefined || stored.toUs <= header.monotonicUs.most) continue;
    const times = { fromMs: header.wallMs.most, toMs: Math.round(stored.toUs / 1000 + stored.offsetMs) };
    tell({ what: 'observations', epoch, times });
  }
}

/**
 * LevelDB's repair forgets which table is newer, and a look-up may then find what was true before. A walk over all of
 * them finds the newest: so what it finds is written again.
 */
export async function writeAgain({ db, write }: MendParts): Promise<void> {
  const once = new Set(BLOCK_FAMILIES.map((family) => keys.rangeOf(family).gte[0]));
  for (let letter = 0; letter < 256; letter += 1) {
    if (once.has(letter)) continue;
    const range = { gte: Uint8Array.of(letter), ...(letter < 255 && { lt: Uint8Array.of(letter + 1) }) };
    let batch: Operation[] = [];
    for await (const [key, value] of db.iterator(range)) {
      batch.push(put(key, value));
      if (batch.length < ROWS_TOGETHER) continue;
      await write(batch);
      batch = [];
    }
    if (batch.length > 0) await write(batch);
  }
}

async function readBlocks({ db, write, aside }: MendParts): Promise<Counted> {
  let [seriesMax, samples, observations] = [0, 0, 0];
  const clocks = new Map<number, StoredClock>();
  for await (const { place, header } of blockHeaders(db)) {
    if (header === undefined) {
      const key = keys.blockKeyOf(place);
      await aside.keep(key, (await find(db, key)) ?? new Uint8Array(0), 'a header of a block');
      await write([remove(key)]);
      continue;
    }
    observations += header.observations;
    const { monotonicUs, wallMs } = header;
    const fromUs = Math.min(clocks.get(place.epoch)?.fromUs ?? Infinity, monotonicUs.least);
    const offsetMs = wallMs.most - monotonicUs.most / 1000;
    clocks.set(place.epoch, { fromUs, toUs: monotonicUs.most, offsetMs });
    for (const shape of header.shapes) {
      samples += shape.observations * shape.seriesIds.length;
      seriesMax = Math.max(seriesMax, ...shape.seriesIds);
    }
  }
  return { seriesMax, clocks, totals: { samples, observations } };
}

/** What was counted and is not kept any more, only the old total knows. */
async function mendTotals({ db }: MendParts, counted: Totals): Promise<Operation[]> {
  const bytes = await find(db, keys.TOTALS_KEY);
  const known = bytes && decodeTotals(bytes);
  if (known !== undefined && known.observations >= counted.observations) return [];
  return [put(keys.TOTALS_KEY, encodeTotals(counted))];
}

async function mendClocks(
  { db, aside }: MendParts,
  clocks: ReadonlyMap<number, StoredClock>,
): Promise<Operation[]> {
  const operations: Operation[] = [];
  for (const [epoch, clock] of clocks) {
    const key = keys.epochKeyOf(epoch);
    const bytes = await find(db, key);
    if (bytes !== undefined && decodeEpochClock(bytes)?.stored !== undefined) continue;
    if (bytes !== undefined) await aside.keep(key, bytes, 'the clock of an epoch');
    operations.push(clockOperation(epoch, clock));
  }
  return operations;
}

/**
 * Roll-ups behind what is said to be folded would be folded a second time: they go. Where nothing says what is folded,
 * the last block of them goes, since nobody knows how much it holds.
 */
async function mendFold(
  { db }: MendParts,
  key: Uint8Array,
  resolution: 'minutes' | 'hours',
): Promise<Operation[]> {
  const bytes = await find(db, key);
  const end = (bytes && decodePosition(bytes)) ?? (await beforeLast(db, resolution));
  const behind = await db.keys(keys.blocksBehind(end, resolution)).all();
  return [...behind.map((found) => remove(found)), put(key, encodePosition(end))];
}

async function beforeLast(db: Database, resolution: 'minutes' | 'hours'): Promise<Position> {
  const [last] = await db.keys({ ...keys.rangeOf(resolution), reverse: true, limit: 1 }).all();
  if (last === undefined) return BEFORE_EVERYTHING;
  const { epoch, sequence } = keys.positionOfKey(last);
  return { epoch, sequence: sequence - 1 };
}

/** Every run that can be read is found in both orders, and is going on only if it says so itself. */
async function mendRuns({ db, write, aside }: MendParts): Promise<void> {
  const operations: Operation[] = [];
  for await (const [key, value] of db.iterator(keys.rangeOf('run'))) {
    const journaled = decodeRun(value);
    if (journaled === undefined) {
      await aside.keep(key, value, 'the record of a run');
      operations.push(remove(key));
      continue;
    }
    const { run, born, changed } = journaled;
    operations.push(
      put(keys.runByBirthKeyOf(born), encodeRunId(run.id)),
      put(keys.runByChangeKeyOf(changed), encodeRunId(run.id)),
      isEnded(run)
        ? remove(keys.runGoingKeyOf(run.id))
        : put(keys.runGoingKeyOf(run.id), encodeRunId(run.id)),
    );
  }
  for (let at = 0; at < operations.length; at += ROWS_TOGETHER)
    await write(operations.slice(at, at + ROWS_TOGETHER));
}
