import { readHistory } from '@perigee/columns';
import { PerigeeError, assert, comparePositions, seriesKey } from '../../domain/index.js';
import type {
  HistoryPack,
  HistoryPoint,
  HistoryRequest,
  PackRequest,
  Position,
  Sample,
  Series,
  StoredObservation,
} from '../../domain/index.js';
import { rowsOf } from '../blocks/open-block.js';
import type { OpenBlock } from '../blocks/open-block.js';
import type { Snapshot } from '../database/database.js';
import type { StoreContents } from '../opening/opening.js';
import type { PlacedRow } from '../series/row.js';
import { packHistory } from './packing.js';
import { slicesOf } from './sections.js';
import type { HistoryParts } from './sections.js';

/** Reads what was stored: blocks, and behind them the block that is open. */
export class Observations {
  readonly #contents: StoreContents;
  readonly #openBlock: () => OpenBlock;

  constructor(contents: StoreContents, openBlock: () => OpenBlock) {
    this.#contents = contents;
    this.#openBlock = openBlock;
  }

  async *read(after: Position, limit: number): AsyncIterable<StoredObservation> {
    assert(Number.isSafeInteger(limit) && limit >= 0, 'a limit is a whole number');
    let place = after;
    for (let left = limit; left > 0;) {
      const rows = await this.#rowsBehind(place);
      if (rows.length === 0) return;
      for (const row of rows.slice(0, left)) yield this.#observationOf(row);
      place = rows.at(-1)?.position ?? place;
      left -= rows.length;
    }
  }

  async *history(request: HistoryRequest): AsyncIterable<readonly HistoryPoint[]> {
    const id = this.#contents.ledger.idOf(request.series);
    if (id === undefined) return;
    checkRange(request);
    await using snapshot = this.#contents.readers.raw.snapshot();
    const parts = this.#historyParts(snapshot);
    yield* readHistory(slicesOf(parts, id, request.resolution), parts.epochs, request);
  }

  async packHistory(request: PackRequest): Promise<HistoryPack> {
    const { ledger, readers } = this.#contents;
    checkRange(request);
    const names =
      request.series.length > 0 ? request.series : ledger.latest().map(({ series }) => seriesKey(series));
    const series = new Map(
      names.flatMap((name): [number, Series][] => {
        const id = ledger.idOf(name);
        const found = id === undefined ? undefined : ledger.seriesOf(id);
        return id === undefined || found === undefined ? [] : [[id, found]];
      }),
    );
    await using snapshot = readers.raw.snapshot();
    return await packHistory(this.#historyParts(snapshot), series, request);
  }

  #historyParts(snapshot: Snapshot): HistoryParts {
    const { clocks, readers, rollups } = this.#contents;
    const open = this.#openBlock();
    return { readers, snapshot, open, ends: rollups.ends, epochs: clocks.timed(open) };
  }

  /** Of one block, or of what is in none yet. A block leaves memory only once the database has it. */
  async #rowsBehind(place: Position): Promise<readonly PlacedRow[]> {
    const inMemory = (): readonly PlacedRow[] | undefined => {
      const block = this.#openBlock();
      const before = { epoch: block.epoch, sequence: block.first - 1 };
      return comparePositions(place, before) < 0
        ? undefined
        : rowsOf(block, place.epoch > block.epoch ? Infinity : place.sequence);
    };
    const block = this.#openBlock();
    return inMemory() ?? (await this.#contents.readers.raw.rowsBehind(place)) ?? rowsOf(block, 0);
  }

  #observationOf({ position, monotonicUs, wallMs, runId, seriesIds, values }: PlacedRow): StoredObservation {
    const { ledger } = this.#contents;
    const samples = seriesIds.flatMap((id, index): Sample[] => {
      const series = ledger.seriesOf(id);
      return series === undefined ? [] : [{ series, value: values[index] ?? NaN }];
    });
    return { position, monotonicUs, wallMs, samples, ...(runId === undefined ? {} : { runId }) };
  }
}

function checkRange({ fromMs, toMs }: Pick<HistoryRequest, 'fromMs' | 'toMs'>): void {
  if (fromMs > toMs)
    throw new PerigeeError('usage', 'the range ends before it begins', 'Give the earlier time first.');
}
