import type { Slice } from '@perigee/columns';
import { comparePositions } from '../../domain/index.js';
import type { Logger, Loss, LossWriter, Position, Resolution } from '../../domain/index.js';
import type { Database, Snapshot } from '../database/database.js';
import { readingFailed } from '../database/level-errors.js';
import * as keys from '../format/keys.js';
import { SAMPLES_PER_OBSERVATION_MAX } from '../series/ledger.js';
import type { PlacedRow } from '../series/row.js';
import { decodeBlock, decodeHeader } from './block-codec.js';
import type { BlockHeader } from './block-codec.js';
import { plansFor, sliceOf } from './block-slices.js';
import type { FoundBlock, WantedColumns } from './block-slices.js';
import type { Floors } from './floors.js';
import { rowsOf } from './open-block.js';
import { columnsOfSeries, unseal } from './sealed-block.js';

export interface ReaderParts {
  readonly db: Database;
  readonly path: string;
  readonly logger: Logger;
  readonly losses: LossWriter;
  readonly floors: Floors;
}

/** Blocks that begin behind the first place, and not behind the second. */
export interface Places {
  readonly behind: Position;
  readonly upTo: Position;
}

/** Of one epoch's monotonic time. */
interface Range {
  readonly snapshot: Snapshot;
  readonly epoch: number;
  readonly fromUs: number;
  readonly toUs: number;
}

/** Some hours of headers: what a query holds at once. */
const HEADERS_TOGETHER = 64;
/** How far a source's time may lie behind that of another which was stored before it. */
const SOURCES_APART_US = 60 * 1e6;

/** Reads blocks in order. One that cannot be read is left out, and told once. */
export class BlockReader {
  readonly #db: Database;
  readonly #path: string;
  readonly #logger: Logger;
  readonly #losses: LossWriter;
  readonly #floors: Floors;
  readonly #resolution: Resolution;
  readonly #columnsOfSeries: number;
  readonly #told = new Set<string>();

  constructor({ db, path, logger, losses, floors }: ReaderParts, resolution: Resolution = 'raw') {
    this.#db = db;
    this.#path = path;
    this.#logger = logger;
    this.#losses = losses;
    this.#floors = floors;
    this.#resolution = resolution;
    this.#columnsOfSeries = columnsOfSeries(resolution);
  }

  /** The rows behind a place that the first block has which has any; undefined when there is none. */
  async rowsBehind(place: Position): Promise<readonly PlacedRow[] | undefined> {
    try {
      const after = this.#notBelow(place);
      const around = await this.#last(keys.blocksUpTo(after, this.#resolution));
      const rest = around && (await this.#rows(around, after));
      if (rest !== undefined && rest.length > 0) return rest;
      for await (const [key, value] of this.#db.iterator(keys.blocksBehind(after, this.#resolution))) {
        const block = this.#found(key, value);
        const rows = block && (await this.#rows(block, after));
        if (rows !== undefined) return rows;
      }
      return undefined;
    } catch (error) {
      throw readingFailed(this.#path, error);
    }
  }

  /** Of all blocks, whatever their resolution: for `slices`. */
  snapshot(): Snapshot {
    try {
      return this.#db.snapshot();
    } catch (error) {
      throw readingFailed(this.#path, error);
    }
  }

  /** The wanted columns of every block in those places that may have something of the range, a group for each block. */
  async *slices(range: Range, places: Places, wanted: WantedColumns): AsyncGenerator<readonly Slice[]> {
    for await (const blocks of this.blocks(range, places))
      yield* await this.#slicesOf(blocks, wanted, range.snapshot);
  }

  /**
   * The blocks in those places that may have something of the range, some at a time. They follow one another in time but
   * for what two sources' clocks are apart.
   */
  async *blocks(
    { snapshot, epoch, fromUs, toUs }: Range,
    { behind, upTo }: Places,
  ): AsyncGenerator<readonly FoundBlock[]> {
    if (behind.epoch > epoch || upTo.epoch < epoch) return;
    try {
      const after = behind.epoch === epoch ? behind.sequence : 0;
      const first = Math.max(after + 1, await this.firstInTime(epoch, fromUs - SOURCES_APART_US));
      const last = upTo.epoch === epoch ? upTo.sequence : Number.MAX_SAFE_INTEGER;
      const range = { gte: this.#keyOf(epoch, first), lte: this.#keyOf(epoch, last), snapshot };
      const rows = this.#db.iterator(range);
      try {
        for (
          let found = await rows.nextv(HEADERS_TOGETHER);
          found.length > 0;
          found = await rows.nextv(HEADERS_TOGETHER)
        ) {
          const blocks = found.flatMap(([key, value]) => this.#found(key, value) ?? []);
          yield blocks.filter(
            ({ header }) => header.monotonicUs.most >= fromUs && header.monotonicUs.least < toUs,
          );
          if (blocks.some(({ header }) => header.monotonicUs.least > toUs + SOURCES_APART_US)) return;
        }
      } finally {
        await rows.close();
      }
    } catch (error) {
      throw readingFailed(this.#path, error);
    }
  }

  /** Some parts of a block, by their numbers; undefined where one is damaged. */
  async parts(
    { place, header }: FoundBlock,
    numbers: readonly number[],
    snapshot: Snapshot,
  ): Promise<readonly Uint8Array[] | undefined> {
    try {
      const wanted = numbers.map((number) => keys.partKeyOf(place, number, this.#resolution));
      const values: readonly (Uint8Array | undefined)[] = await this.#db.getMany(wanted, { snapshot });
      const parts = values.flatMap((value) => (value && unseal(value)) ?? []);
      if (parts.length === numbers.length) return parts;
    } catch (error) {
      throw readingFailed(this.#path, error);
    }
    this.tell(place, header);
    return undefined;
  }

  /** Whole blocks of a range, oldest first: their places and headers. */
  async *headers(range: keys.PlaceRange): AsyncGenerator<FoundBlock> {
    try {
      for await (const [key, value] of this.#db.iterator(keys.blocksBetween(range, this.#resolution))) {
        const block = this.#found(key, value);
        if (block !== undefined) yield block;
      }
    } catch (error) {
      throw readingFailed(this.#path, error);
    }
  }

  /** The places alone of the same. */
  async *places(range: keys.PlaceRange): AsyncGenerator<Position> {
    try {
      for await (const key of this.#db.keys(keys.blocksBetween(range, this.#resolution)))
        yield keys.positionOfKey(key);
    } catch (error) {
      throw readingFailed(this.#path, error);
    }
  }

  /** The sequence from which blocks of the epoch reach that time; found by halving, as headers tell what they span. */
  async firstInTime(epoch: number, us: number): Promise<number> {
    const newest = await this.#last({
      gte: this.#keyOf(epoch, 0),
      lte: this.#keyOf(epoch, Number.MAX_SAFE_INTEGER),
    });
    const floor = this.#floors.of(this.#resolution);
    let low = floor.epoch === epoch ? floor.sequence : 0;
    let high = newest?.place.sequence ?? 0;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const block = await this.#last({ gte: this.#keyOf(epoch, 0), lte: this.#keyOf(epoch, middle) });
      if (block === undefined || block.header.monotonicUs.most < us) low = middle + 1;
      else high = block.place.sequence;
    }
    return low;
  }

  #keyOf(epoch: number, sequence: number): Uint8Array {
    return keys.blockKeyOf({ epoch, sequence }, this.#resolution);
  }

  async #slicesOf(
    blocks: readonly FoundBlock[],
    wanted: WantedColumns,
    snapshot: Snapshot,
  ): Promise<readonly (readonly Slice[])[]> {
    const plans = blocks.flatMap((block) => plansFor(block, wanted));
    const parts: readonly (Uint8Array | undefined)[] = await this.#db.getMany(
      plans.flatMap(({ block, part }) =>
        [0, part].map((number) => keys.partKeyOf(block.place, number, this.#resolution)),
      ),
      { snapshot },
    );
    const groups = new Map<FoundBlock, Slice[]>();
    for (const [index, plan] of plans.entries()) {
      const [times, columns] = parts.slice(2 * index, 2 * index + 2).map((bytes) => bytes && unseal(bytes));
      const slice = times && columns && sliceOf(plan, times, columns, wanted.columns);
      if (!slice) this.tell(plan.block.place, plan.block.header);
      else groups.set(plan.block, [...(groups.get(plan.block) ?? []), slice]);
    }
    return [...groups.values()];
  }

  async #last(range: {
    readonly gte: Uint8Array;
    readonly lte: Uint8Array;
  }): Promise<FoundBlock | undefined> {
    const [found] = await this.#db.iterator({ ...range, reverse: true, limit: 1 }).all();
    return found && this.#found(...found);
  }

  #found(key: Uint8Array, value: Uint8Array): FoundBlock | undefined {
    const place = keys.positionOfKey(key);
    const bytes = unseal(value);
    const header = bytes && decodeHeader(bytes, SAMPLES_PER_OBSERVATION_MAX * this.#columnsOfSeries);
    if (header === undefined) this.tell(place);
    return header && { place, header };
  }

  async #rows({ place, header }: FoundBlock, after: Position): Promise<readonly PlacedRow[] | undefined> {
    const { epoch, sequence } = place;
    const behind = after.epoch < epoch ? 0 : after.epoch === epoch ? after.sequence : Infinity;
    if (behind >= sequence + header.observations - 1) return [];
    const wanted = Array.from({ length: header.firstColumns.length + 1 }, (_, part) =>
      keys.partKeyOf(place, part, this.#resolution),
    );
    const values: readonly (Uint8Array | undefined)[] = await this.#db.getMany(wanted);
    const parts = values.flatMap((value) => (value === undefined ? [] : (unseal(value) ?? [])));
    const decoded = decodeBlock(header, parts);
    if (decoded === undefined) this.tell(place, header);
    return decoded && rowsOf({ ...decoded, epoch, first: sequence }, behind);
  }

  /** What lies below the floor is not looked through: LevelDB steps over each key that was removed. */
  #notBelow(place: Position): Position {
    const floor = this.#floors.of(this.#resolution);
    return comparePositions(place, floor) < 0
      ? { ...floor, sequence: Math.max(0, floor.sequence - 1) }
      : place;
  }

  /** Whether the block was dropped, though an iterator may still see some of it. */
  #isBelow(place: Position): boolean {
    return comparePositions(place, this.#floors.of(this.#resolution)) < 0;
  }

  /** That it is damaged, once. */
  tell(place: Position, header?: BlockHeader): void {
    if (this.#isBelow(place)) return;
    const text = `${place.epoch}/${place.sequence}`;
    if (this.#told.has(text)) return;
    this.#told.add(text);
    this.#logger.error({ path: this.#path, block: place }, 'a block is damaged: its observations are lost');
    if (this.#resolution === 'raw') this.#losses.noteLoss(lossOf(place, header));
  }
}

/** Of a whole block that is damaged; without its header nobody knows more than where it began. */
export function lossOf({ epoch, sequence: first }: Position, header: BlockHeader | undefined): Loss {
  const loss = { reason: 'damaged', what: 'observations', epoch } as const;
  if (header === undefined) return { ...loss, sequences: { first, last: first } };
  const { observations: count, wallMs } = header;
  const times = { fromMs: wallMs.least, toMs: wallMs.most };
  return { ...loss, count, sequences: { first, last: first + count - 1 }, times };
}
