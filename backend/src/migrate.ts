import type { Database } from './database.js';
import { BackendError } from './errors.js';
import { integer } from './rows.js';
import { MIGRATIONS } from './schema.js';

/** Brings the tables to the newest version, a step at a time; refuses tables that a newer backend made. */
export async function migrate(database: Database): Promise<void> {
  await database.script('CREATE TABLE IF NOT EXISTS schema_version (version integer NOT NULL)');
  const [row] = await database.query('SELECT coalesce(max(version), 0) AS version FROM schema_version');
  const version = integer(row, 'version');
  if (version > MIGRATIONS.length) {
    throw new BackendError(
      'store-corrupt',
      `the data is of version ${version}, and this backend knows versions up to ${MIGRATIONS.length}`,
      'Start the newer backend that wrote it, or give another directory.',
    );
  }
  for (const [step, sql] of MIGRATIONS.slice(version).entries()) {
    await database.script(`${sql}; INSERT INTO schema_version VALUES (${version + step + 1})`);
  }
}
