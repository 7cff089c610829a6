/**
 * The tables, as numbered steps of plain PostgreSQL (14 or newer, for multiranges). A step that was released is never
 * edited: what changes later is a new step.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE gateways (
    id text PRIMARY KEY,
    first_seen timestamptz NOT NULL DEFAULT now(),
    last_seen timestamptz NOT NULL DEFAULT now(),
    -- Kept beside the rows that they count, because counting rows takes as long as there are rows.
    batches bigint NOT NULL DEFAULT 0,
    observations bigint NOT NULL DEFAULT 0,
    samples bigint NOT NULL DEFAULT 0
  );

  CREATE TABLE epochs (
    gateway_id text NOT NULL REFERENCES gateways,
    epoch integer NOT NULL,
    -- The sequences that are here, or that the gateway declared lost.
    held int8multirange NOT NULL DEFAULT '{}',
    PRIMARY KEY (gateway_id, epoch)
  );

  CREATE TABLE series (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    gateway_id text NOT NULL REFERENCES gateways,
    name text NOT NULL,
    unit smallint NOT NULL,
    labels jsonb NOT NULL,
    latest_epoch integer,
    latest_sequence bigint,
    latest_wall_ms bigint,
    latest_run_id text,
    latest_value double precision
  );
  -- By digest, because an index entry holds 2.7 kB and labels may be longer.
  CREATE UNIQUE INDEX series_identity ON series (gateway_id, name, unit, md5(labels::text));

  -- One row an observation: its samples are two arrays in step.
  CREATE TABLE observations (
    gateway_id text NOT NULL,
    epoch integer NOT NULL,
    sequence bigint NOT NULL,
    monotonic_us bigint NOT NULL,
    wall_ms bigint NOT NULL,
    run_id text,
    series_ids bigint[] NOT NULL,
    sample_values double precision[] NOT NULL,
    PRIMARY KEY (gateway_id, epoch, sequence),
    FOREIGN KEY (gateway_id, epoch) REFERENCES epochs
  );
  CREATE INDEX observations_by_time ON observations (gateway_id, wall_ms);

  CREATE TABLE runs (
    gateway_id text NOT NULL REFERENCES gateways,
    id text NOT NULL,
    image text NOT NULL,
    image_digest text NOT NULL,
    architecture text NOT NULL,
    accelerator text NOT NULL,
    monitor_version text NOT NULL,
    requested_at_ms bigint NOT NULL,
    state text NOT NULL,
    end_reason text NOT NULL,
    boot jsonb NOT NULL,
    footprint jsonb,
    command_line jsonb NOT NULL,
    PRIMARY KEY (gateway_id, id)
  );
  CREATE INDEX runs_by_time ON runs (gateway_id, requested_at_ms);
  `,
  `
  ALTER TABLE runs ADD COLUMN started_from text NOT NULL DEFAULT '', ADD COLUMN cause jsonb, ADD COLUMN faults jsonb;
  `,
];
