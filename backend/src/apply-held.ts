import type { Sql } from './database.js';
import type { ParsedBatch, ParsedObservation } from './parse-batch.js';
import { integer } from './rows.js';

/** Adds the batch's sequences, and those declared lost, to what is held of the epoch. */
export async function hold(sql: Sql, batch: ParsedBatch): Promise<void> {
  const first = batch.observations[0]?.sequence ?? 1;
  await sql.query(
    `INSERT INTO epochs (gateway_id, epoch, held)
     SELECT $1, $2, range_agg(int8range(f, l, '[]')) FROM unnest($3::bigint[], $4::bigint[]) AS r (f, l)
     ON CONFLICT (gateway_id, epoch) DO UPDATE SET held = epochs.held + excluded.held`,
    [batch.gatewayId, batch.epoch, ...stretches(batch.observations, first - batch.lostBefore)],
  );
}

/** First and last sequences of the stretches without a gap; the first stretch begins at `start`. */
function stretches(
  observations: readonly ParsedObservation[],
  start: number,
): readonly [firsts: readonly number[], lasts: readonly number[]] {
  const firsts: number[] = [];
  const lasts: number[] = [];
  for (const { sequence } of observations) {
    const last = lasts.length - 1;
    if (lasts[last] === sequence - 1) lasts[last] = sequence;
    else {
      firsts.push(firsts.length === 0 ? start : sequence);
      lasts.push(sequence);
    }
  }
  return [firsts, lasts];
}

/** An epoch's watermark: everything from 1 up to it is held. */
export async function heldUpTo(sql: Sql, gatewayId: string, epoch: number): Promise<number> {
  const [row] = await sql.query(
    `SELECT coalesce(max(upper(stretch)) - 1, 0) AS sequence
     FROM epochs, unnest(held) AS stretch
     WHERE gateway_id = $1 AND epoch = $2 AND lower(stretch) <= 1`,
    [gatewayId, epoch],
  );
  return integer(row, 'sequence');
}
