import { assert, comparePositions } from '../../domain/index.js';
import type {
  HistoryPoint,
  HistoryRequest,
  Position,
  Sample,
  StoredObservation,
} from '../../domain/index.js';
import { rowsOf } from '../blocks/open-block.js';
import type { OpenBlock } from '../blocks/open-block.js';
import type { StoreContents } from '../opening/opening.js';
import type { PlacedRow } from '../series/row.js';
import { readHistory } from './history.js';

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
    const { clocks, ledger, readers, rollups } = this.#contents;
    const id = ledger.idOf(request.series);
    if (id === undefined) return;
    const open = this.#openBlock();
    await using snapshot = readers.raw.snapshot();
    const parts = { readers, snapshot, open, ends: rollups.ends, epochs: clocks.timed(open) };
    yield* readHistory(parts, id, request);
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
