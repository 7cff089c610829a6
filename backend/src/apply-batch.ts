import { heldUpTo } from './apply-held.js';
import { insertObservations } from './apply-observations.js';
import type { Added } from './apply-observations.js';
import type { Database, Sql } from './database.js';
import type { ParsedBatch } from './parse-batch.js';

/** What the backend holds durably of a batch's epoch, and what of it was new. */
export interface Applied extends Added {
  /** Everything from 1 up to here is held; 0 while the first is missing. */
  readonly sequence: number;
  /** The gateway takes more for held than is: this database was lost, or is an old copy. */
  readonly forgot: boolean;
}

/** Applies a batch as a whole or not at all. Applying it again, or one that overlaps it, adds only what is new. */
export async function applyBatch(database: Database, batch: ParsedBatch): Promise<Applied> {
  return database.transaction(async (sql) => {
    await touchGateway(sql, batch.gatewayId);
    await upsertRuns(sql, batch);
    const added = await insertObservations(sql, batch);
    await count(sql, batch.gatewayId, added);
    const { gatewayId, epoch, after } = batch;
    const forgot = after.sequence > 0 && (await heldUpTo(sql, gatewayId, after.epoch)) < after.sequence;
    return { ...added, forgot, sequence: await heldUpTo(sql, gatewayId, epoch) };
  });
}

/** Also the lock that keeps two batches of one gateway apart until the commit. */
async function touchGateway(sql: Sql, gatewayId: string): Promise<void> {
  await sql.query(
    'INSERT INTO gateways (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET last_seen = excluded.last_seen',
    [gatewayId],
  );
}

async function count(sql: Sql, gatewayId: string, added: Added): Promise<void> {
  await sql.query(
    `UPDATE gateways SET batches = batches + 1, observations = observations + $2, samples = samples + $3
     WHERE id = $1`,
    [gatewayId, added.observations, added.samples],
  );
}

/** The newest word on a run wins, but a late batch never makes an ended run go on. */
async function upsertRuns(sql: Sql, batch: ParsedBatch): Promise<void> {
  if (batch.runs.length === 0) return;
  // SQL refuses to touch a row twice in one statement, so of one run only the last word goes in.
  const runs = [...new Map(batch.runs.map((run) => [run.id, run])).values()];
  await sql.query(
    `INSERT INTO runs (gateway_id, id, image, image_digest, architecture, accelerator, monitor_version,
                       requested_at_ms, state, end_reason, boot, footprint, command_line, started_from, cause, faults)
     SELECT $1, r.* FROM jsonb_to_recordset($2::jsonb) AS r (
       id text, image text, image_digest text, architecture text, accelerator text, monitor_version text,
       requested_at_ms bigint, state text, end_reason text, boot jsonb, footprint jsonb, command_line jsonb,
       started_from text, cause jsonb, faults jsonb)
     ON CONFLICT (gateway_id, id) DO UPDATE SET
       image = excluded.image, image_digest = excluded.image_digest, architecture = excluded.architecture,
       accelerator = excluded.accelerator, monitor_version = excluded.monitor_version,
       requested_at_ms = excluded.requested_at_ms, state = excluded.state, end_reason = excluded.end_reason,
       boot = excluded.boot, footprint = excluded.footprint, command_line = excluded.command_line,
       started_from = excluded.started_from, cause = excluded.cause, faults = excluded.faults
     WHERE runs.end_reason = '' OR excluded.end_reason <> ''`,
    [batch.gatewayId, JSON.stringify(runs)],
  );
}
