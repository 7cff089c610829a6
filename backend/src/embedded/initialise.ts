/**
 * A worker's body: makes an empty PostgreSQL directory at `workerData`, on the disk when it ends. In a worker, because
 * it computes for seconds and takes 700 MB, which go back to the system with the worker.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { syncPath } from './synced-files.js';

const directory = String(workerData);
const database = await PGlite.create(directory);
await database.close();
for (const path of readdirSync(directory, { recursive: true })) syncPath(join(directory, String(path)));
syncPath(directory);
