import type { Logger, LossWriter } from '../domain/index.js';
import { blockOperations } from './block-store.js';
import type { Operation } from './database.js';
import type { EpochClocks } from './epoch-clock.js';
import type { Ledger } from './ledger.js';
import { OpenBlock } from './open-block.js';
import type { PlacedRow } from './open-block.js';

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
