import { PGlite } from '@electric-sql/pglite';
import type { Results, Transaction } from '@electric-sql/pglite';
import type { Database, Row, Sql } from '../database.js';
import { SyncedFiles } from './synced-files.js';

/**
 * Commits reach the disk before they return (PGlite turns fsync off with -F; only the method named fsync exists here),
 * and PostgreSQL's defaults for a server with gigabytes are brought down to those of a small board.
 */
const START = [
  ...PGlite.defaultStartParams.filter((parameter) => parameter !== '-F'),
  ...['-c', 'wal_sync_method=fsync'],
  ...['-c', 'shared_buffers=16MB'],
  ...['-c', 'min_wal_size=32MB'],
  ...['-c', 'max_wal_size=64MB'],
];

/** PostgreSQL inside this process, on a directory that initialise.ts made. */
export async function openDatabase(directory: string): Promise<Database> {
  const pglite = await PGlite.create({ fs: new SyncedFiles(directory), startParams: START });
  return {
    ...sqlOf(pglite),
    transaction: (work) => pglite.transaction((transaction) => work(sqlOf(transaction))),
    async script(text): Promise<void> {
      await pglite.transaction((transaction) => transaction.exec(text));
    },
    [Symbol.asyncDispose]: () => pglite.close(),
  };
}

function sqlOf(connection: PGlite | Transaction): Sql {
  return {
    async query(text, parameters = []): Promise<readonly Row[]> {
      const results: Results<Row> = await connection.query<Row>(text, [...parameters]);
      return results.rows;
    },
  };
}
