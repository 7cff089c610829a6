import type { Sql } from './database.js';
import type { ParsedBatch, ParsedObservation } from './parse-batch.js';
import { integer } from './rows.js';

/** The ids of the batch's series, in its order. Only what is missing is inserted, so that no id is burnt. */
export async function seriesIdsOf(sql: Sql, batch: ParsedBatch): Promise<readonly number[]> {
  const given = `
    WITH given AS (
      SELECT name, unit, labels::jsonb AS labels, place
      FROM unnest($2::text[], $3::smallint[], $4::text[]) WITH ORDINALITY AS g (name, unit, labels, place)),
    known AS (
      SELECT given.*, series.id FROM given LEFT JOIN series
        ON series.gateway_id = $1 AND series.name = given.name AND series.unit = given.unit
        AND md5(series.labels::text) = md5(given.labels::text))`;
  const parameters = [
    batch.gatewayId,
    batch.series.map((one) => one.name),
    batch.series.map((one) => one.unit),
    batch.series.map((one) => JSON.stringify(one.labels)),
  ];
  const select = `${given} SELECT id FROM known ORDER BY place`;
  const rows = await sql.query(select, parameters);
  if (rows.every((row) => row['id'] !== null)) return rows.map((row) => integer(row, 'id'));
  await sql.query(
    `${given} INSERT INTO series (gateway_id, name, unit, labels)
     SELECT $1, name, unit, labels FROM known WHERE id IS NULL
     ON CONFLICT (gateway_id, name, unit, md5(labels::text)) DO NOTHING`,
    parameters,
  );
  return (await sql.query(select, parameters)).map((row) => integer(row, 'id'));
}

/** Keeps each series' newest sample beside it, so that asking for it reads no history. */
export async function noteLatest(sql: Sql, batch: ParsedBatch, seriesIds: readonly number[]): Promise<void> {
  const newest = new Map<number, readonly [ParsedObservation, number]>();
  for (const one of batch.observations) {
    for (const [at, place] of one.places.entries()) {
      newest.set(seriesIds[place] ?? 0, [one, one.values[at] ?? NaN]);
    }
  }
  const rows = [...newest];
  await sql.query(
    `UPDATE series SET latest_epoch = $1, latest_sequence = l.sequence, latest_wall_ms = l.wall_ms,
       latest_run_id = l.run_id, latest_value = l.value
     FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::double precision[])
       AS l (id, sequence, wall_ms, run_id, value)
     WHERE series.id = l.id
       AND (latest_epoch IS NULL OR (latest_epoch, latest_sequence) < ($1, l.sequence))`,
    [
      batch.epoch,
      rows.map(([id]) => id),
      rows.map(([, [one]]) => one.sequence),
      rows.map(([, [one]]) => one.wallMs),
      rows.map(([, [one]]) => one.runId ?? null),
      rows.map(([, [, value]]) => value),
    ],
  );
}
