import { hold } from './apply-held.js';
import { noteLatest, seriesIdsOf } from './apply-series.js';
import type { Sql } from './database.js';
import type { ParsedBatch, ParsedObservation } from './parse-batch.js';
import { integer } from './rows.js';

/** What of a batch was new. */
export interface Added {
  readonly observations: number;
  readonly samples: number;
}

export async function insertObservations(sql: Sql, batch: ParsedBatch): Promise<Added> {
  if (batch.observations.length === 0) return { observations: 0, samples: 0 };
  const seriesIds = await seriesIdsOf(sql, batch);
  await hold(sql, batch);
  const [row] = await sql.query(
    `WITH added AS (
       INSERT INTO observations
       SELECT $1, $2, o.sequence, o.monotonic_us, o.wall_ms, o.run_id, o.ids::bigint[], o.samples::double precision[]
       FROM unnest($3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::text[])
         AS o (sequence, monotonic_us, wall_ms, run_id, ids, samples)
       ON CONFLICT (gateway_id, epoch, sequence) DO NOTHING
       RETURNING sample_values)
     SELECT count(*) AS observations, coalesce(sum(cardinality(sample_values)), 0)::bigint AS samples FROM added`,
    [batch.gatewayId, batch.epoch, ...observationColumns(batch.observations, seriesIds)],
  );
  await noteLatest(sql, batch, seriesIds);
  return { observations: integer(row, 'observations'), samples: integer(row, 'samples') };
}

/** One array a column. Arrays of arrays must be rectangular in SQL, so the ragged ones travel as array literals. */
function observationColumns(
  observations: readonly ParsedObservation[],
  seriesIds: readonly number[],
): readonly unknown[] {
  return [
    observations.map((one) => one.sequence),
    observations.map((one) => one.monotonicUs),
    observations.map((one) => one.wallMs),
    observations.map((one) => one.runId ?? null),
    observations.map((one) => `{${one.places.map((place) => seriesIds[place]).join(',')}}`),
    observations.map((one) => `{${one.values.join(',')}}`),
  ];
}
