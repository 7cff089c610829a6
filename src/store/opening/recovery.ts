import { comparePositions } from '../../domain/index.js';
import type { Logger, LossWriter, Position, Series } from '../../domain/index.js';
import { blockOperations } from '../blocks/sealed-block.js';
import type { BlockReader } from '../blocks/block-store.js';
import { OpenBlock } from '../blocks/open-block.js';
import { put } from '../database/database.js';
import type { Operation } from '../database/database.js';
import type { EpochClocks } from '../epochs/epoch-clock.js';
import { seriesKeyOf } from '../format/keys.js';
import type { Ledger } from '../series/ledger.js';
import { encodeSeries } from '../series/observation-codec.js';
import type { PlacedRow } from '../series/row.js';
import { SERIES_MAX_MOST } from '../series/series-limits.js';

/** What writes the rows that the head log gave back as blocks, and counts them. */
export function recoveryOperations(
  rows: readonly PlacedRow[],
  ledger: Ledger,
  clocks: EpochClocks,
  { logger, losses }: { readonly logger: Logger; readonly losses: LossWriter },
): Operation[] {
  const known = rows.filter(({ seriesIds }) => seriesIds.every((id) => ledger.seriesOf(id) !== undefined));
  const blocks = blocksOf(known);
  for (const row of known) ledger.count(row);
  tellGaps(blocks, logger, losses);
  if (known.length < rows.length)
    logger.error(
      { observations: rows.length - known.length },
      'observations of unknown series were left out',
    );
  return blocks.flatMap((block) => [...blockOperations(block), clocks.note(block)]);
}

/** Those that are in no block: a database that lost its newest writes may know less of its head log than there is. */
export async function notInBlocks(
  rows: readonly PlacedRow[],
  reader: BlockReader,
): Promise<readonly PlacedRow[]> {
  const missing: PlacedRow[] = [];
  let stored: readonly PlacedRow[] | undefined = [];
  for (const row of rows) {
    const { epoch, sequence } = row.position;
    if (isBehind(row.position, stored)) stored = await reader.rowsBehind({ epoch, sequence: sequence - 1 });
    const first = stored?.[0];
    if (first === undefined || comparePositions(row.position, first.position) < 0) missing.push(row);
  }
  return missing;
}

/** Without a block behind, none is looked for again. */
function isBehind(position: Position, stored: readonly PlacedRow[] | undefined): boolean {
  const last = stored?.at(-1);
  return stored !== undefined && (last === undefined || comparePositions(position, last.position) > 0);
}

export function seriesIn(rows: readonly PlacedRow[]): number {
  return rows.reduce((most, { seriesIds }) => Math.max(most, ...seriesIds), 0);
}

/**
 * Gives a name to every series up to this number that has none: its samples can then be read, and no other series gets
 * its number.
 */
export function nameLostSeries(upTo: number, ledger: Ledger, logger: Logger): Operation[] {
  const operations: Operation[] = [];
  for (let id = 1; id <= Math.min(upTo, SERIES_MAX_MOST); id += 1) {
    if (ledger.seriesOf(id) !== undefined) continue;
    const series: Series = { name: 'lost_series', unit: 'none', labels: { number: String(id) } };
    logger.error(
      { series: id },
      `the name of a series is lost: its samples are kept as lost_series, number ${id}`,
    );
    ledger.restoreSeries(id, series);
    operations.push(put(seriesKeyOf(id), encodeSeries(id, series)));
  }
  return operations;
}

/** A block has no gap and one epoch. */
export function blocksOf(rows: readonly PlacedRow[]): readonly OpenBlock[] {
  const blocks: OpenBlock[] = [];
  for (const row of rows) {
    const { epoch, sequence } = row.position;
    const last = blocks.at(-1);
    const follows = last?.epoch === epoch && last.end.sequence + 1 === sequence;
    const block = follows ? last : new OpenBlock(row.position);
    if (!follows) blocks.push(block);
    block.add(row);
  }
  return blocks;
}

function tellGaps(blocks: readonly OpenBlock[], logger: Logger, losses: LossWriter): void {
  for (const [index, block] of blocks.entries()) {
    const before = blocks[index - 1];
    if (before?.epoch !== block.epoch) continue;
    const { epoch } = block;
    const sequences = { first: before.end.sequence + 1, last: block.first - 1 };
    logger.error({ epoch, ...sequences }, 'the head log is damaged: these observations are lost');
    const count = sequences.last - sequences.first + 1;
    losses.noteLoss({ reason: 'damaged', what: 'observations', epoch, count, sequences });
  }
}
