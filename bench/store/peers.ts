import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { Level } from 'level';
import type { Observation } from '../../src/domain/index.js';

/** A row a sample, as anyone would begin: a put for each. Samples a second. */
export function levelPuts(directory: string, data: readonly Observation[]): Promise<number> {
  return levelRows(join(directory, 'puts'), data, async (db, rows) => {
    for (const [key, value] of rows) await db.put(key, value);
  });
}

/** The same, in a batch for each observation. */
export function levelBatches(directory: string, data: readonly Observation[]): Promise<number> {
  return levelRows(join(directory, 'batches'), data, (db, rows) =>
    db.batch(rows.map(([key, value]) => ({ type: 'put', key, value }))),
  );
}

type Rows = readonly (readonly [key: string, value: string])[];

async function levelRows(
  directory: string,
  data: readonly Observation[],
  write: (db: Level, rows: Rows) => Promise<void>,
): Promise<number> {
  const db = new Level(directory);
  await db.open();
  const since = performance.now();
  let samples = 0;
  for (const { wallMs, samples: all } of data) {
    await write(
      db,
      all.map(({ series, value }) => [`${series.name} ${wallMs}`, String(value)] as const),
    );
    samples += all.length;
  }
  const seconds = (performance.now() - since) / 1000;
  await db.close();
  return samples / seconds;
}

/** Rows of SQLite, a transaction for each observation, WAL and synchronous=NORMAL; by Python, which has it built in. */
export function sqliteRows(directory: string, data: readonly Observation[]): number | undefined {
  const rows = data.map(({ wallMs, samples }) => [wallMs, samples.map(({ value }) => value)]);
  const script = `
import json, sqlite3, sys, time
rows = json.load(sys.stdin)
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute('pragma journal_mode=wal'); db.execute('pragma synchronous=normal')
db.execute('create table s (series integer, at integer, value real, primary key (series, at)) without rowid')
since = time.perf_counter(); count = 0
for at, values in rows:
    db.execute('begin'); db.executemany('insert into s values (?, ?, ?)', [(i, at, v) for i, v in enumerate(values)]); db.execute('commit')
    count += len(values)
print(count / (time.perf_counter() - since))`;
  try {
    const input = JSON.stringify(rows);
    return Number(
      execFileSync('python3', ['-c', script, join(directory, 'rows.sqlite')], { input, encoding: 'utf8' }),
    );
  } catch {
    // No Python here: the figure is left out.
    return undefined;
  }
}
