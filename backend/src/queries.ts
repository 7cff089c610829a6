import { perigee } from '@perigee/proto';
import type { Row, Sql } from './database.js';
import { ROWS_MAX } from './limits.js';
import { double, integer, text, timestamp } from './rows.js';

/** What the query API answers: plain objects, ready for JSON. Each question is one statement. */

export interface Totals {
  readonly gateways: number;
  readonly observations: number;
  readonly samples: number;
  /** Batches that were committed, repeated ones included. */
  readonly batches: number;
}

export async function totals(sql: Sql): Promise<Totals> {
  const [row] = await sql.query(
    `SELECT count(*) AS gateways, coalesce(sum(observations), 0)::bigint AS observations,
       coalesce(sum(samples), 0)::bigint AS samples, coalesce(sum(batches), 0)::bigint AS batches
     FROM gateways`,
  );
  return {
    gateways: integer(row, 'gateways'),
    observations: integer(row, 'observations'),
    samples: integer(row, 'samples'),
    batches: integer(row, 'batches'),
  };
}

const gateway = (row: Row): object => ({
  id: text(row, 'id'),
  firstSeen: timestamp(row, 'first_seen'),
  lastSeen: timestamp(row, 'last_seen'),
  batches: integer(row, 'batches'),
  observations: integer(row, 'observations'),
  samples: integer(row, 'samples'),
});

/** The most recently seen first. */
export async function listGateways(sql: Sql): Promise<object> {
  const rows = await sql.query('SELECT * FROM gateways ORDER BY last_seen DESC, id LIMIT $1', [ROWS_MAX]);
  return { gateways: rows.map(gateway) };
}

export async function findGateway(sql: Sql, id: string): Promise<object | undefined> {
  const [row] = await sql.query('SELECT * FROM gateways WHERE id = $1', [id]);
  if (row === undefined) return undefined;
  const epochs = await sql.query(
    `SELECT epoch, coalesce((SELECT max(upper(s)) - 1 FROM unnest(held) AS s WHERE lower(s) <= 1), 0) AS sequence
     FROM epochs WHERE gateway_id = $1 ORDER BY epoch DESC LIMIT $2`,
    [id, ROWS_MAX],
  );
  return {
    ...gateway(row),
    epochs: epochs.map((one) => ({ epoch: integer(one, 'epoch'), sequence: integer(one, 'sequence') })),
  };
}

/** `UNIT_BYTES_PER_SECOND` is `bytes-per-second`; the number of a unit that is not known here stays a number. */
function unitName(number: number): string {
  const name: string | undefined = perigee.v1.Unit[number];
  return name === undefined ? `unit-${number}` : name.replace('UNIT_', '').toLowerCase().replaceAll('_', '-');
}

const series = (row: Row): object => ({
  name: text(row, 'name'),
  labels: row['labels'],
  unit: unitName(integer(row, 'unit')),
});

const runOf = (row: Row): object => (row['run_id'] === null ? {} : { runId: text(row, 'run_id') });

export async function listSeries(sql: Sql, gatewayId: string): Promise<object> {
  const rows = await sql.query(
    'SELECT name, labels, unit FROM series WHERE gateway_id = $1 ORDER BY name, id LIMIT $2',
    [gatewayId, ROWS_MAX],
  );
  return { series: rows.map(series) };
}

/** The newest sample of every series, by epoch and sequence. */
export async function latestSamples(sql: Sql, gatewayId: string): Promise<object> {
  const rows = await sql.query(
    `SELECT name, labels, unit, latest_value AS value, latest_epoch AS epoch, latest_sequence AS sequence,
       latest_wall_ms AS wall_ms, latest_run_id AS run_id
     FROM series WHERE gateway_id = $1 AND latest_epoch IS NOT NULL ORDER BY name, id LIMIT $2`,
    [gatewayId, ROWS_MAX],
  );
  return { samples: rows.map((row) => ({ ...series(row), ...point(row) })) };
}

const point = (row: Row): object => ({
  value: double(row, 'value'),
  wallMs: integer(row, 'wall_ms'),
  epoch: integer(row, 'epoch'),
  sequence: integer(row, 'sequence'),
  ...runOf(row),
});

export interface ObservationQuery {
  readonly series: string;
  /** Unix time, milliseconds; both ends belong to the range. */
  readonly from: number;
  readonly to: number;
  readonly limit: number;
}

/** Samples of every series of that name, oldest first; `more` says that the limit left some out. */
export async function samplesOf(sql: Sql, gatewayId: string, query: ObservationQuery): Promise<object> {
  const rows = await sql.query(
    `SELECT s.labels, s.unit, s.name, o.epoch, o.sequence, o.wall_ms, o.run_id, v.value
     FROM observations o
     CROSS JOIN LATERAL unnest(o.series_ids, o.sample_values) AS v (series_id, value)
     JOIN series s ON s.id = v.series_id
     WHERE o.gateway_id = $1 AND o.wall_ms BETWEEN $3 AND $4 AND s.gateway_id = $1 AND s.name = $2
     ORDER BY o.epoch, o.sequence, s.id LIMIT $5`,
    [gatewayId, query.series, query.from, query.to, query.limit + 1],
  );
  return {
    series: query.series,
    samples: rows.slice(0, query.limit).map((row) => ({ ...series(row), ...point(row) })),
    more: rows.length > query.limit,
  };
}

export async function seriesExists(sql: Sql, gatewayId: string, name: string): Promise<boolean> {
  const rows = await sql.query('SELECT 1 FROM series WHERE gateway_id = $1 AND name = $2 LIMIT 1', [
    gatewayId,
    name,
  ]);
  return rows.length > 0;
}

/** Newest request first. */
export async function listRuns(sql: Sql, gatewayId: string, limit: number): Promise<object> {
  const rows = await sql.query(
    'SELECT * FROM runs WHERE gateway_id = $1 ORDER BY requested_at_ms DESC, id LIMIT $2',
    [gatewayId, limit],
  );
  return {
    runs: rows.map((row) => ({
      id: text(row, 'id'),
      image: text(row, 'image'),
      imageDigest: text(row, 'image_digest'),
      architecture: text(row, 'architecture'),
      accelerator: text(row, 'accelerator'),
      monitorVersion: text(row, 'monitor_version'),
      requestedAtMs: integer(row, 'requested_at_ms'),
      state: text(row, 'state'),
      endReason: text(row, 'end_reason'),
      boot: row['boot'],
      footprint: row['footprint'],
      commandLine: row['command_line'],
      startedFrom: text(row, 'started_from'),
      cause: row['cause'],
      faults: row['faults'],
    })),
  };
}
