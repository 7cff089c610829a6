import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { KEPT_LOGS, logsToPrune, pruneLogs } from '../../src/platform/index.js';
import { failsWith } from '../support/expect.js';
import { tempFolder } from '../support/temp.js';

const folder = tempFolder('logs');
const idOf = (n: number): string => n.toString(16).padStart(16, '0');

/** Logs 0 to count - 1, each a second newer than the one before. */
function logFolder(name: string, count: number): string {
  const directory = join(folder, name);
  mkdirSync(directory);
  for (let n = 0; n < count; n += 1) {
    const path = join(directory, `${idOf(n)}.log`);
    writeFileSync(path, '');
    utimesSync(path, 1_000_000 + n, 1_000_000 + n);
  }
  return directory;
}

describe('old console logs', () => {
  it('are pruned by age, whatever their order, and never one of a run that goes on', () => {
    const logs = Array.from({ length: KEPT_LOGS + 3 }, (_, n) => ({ id: idOf(n), changedMs: n }));
    assert.deepEqual(logsToPrune(logs, new Set([idOf(1)])), [idOf(2), idOf(0)]);
    assert.deepEqual(logsToPrune(logs.toReversed(), new Set()), [idOf(2), idOf(1), idOf(0)]);
    assert.deepEqual(logsToPrune(logs.slice(3), new Set()), []);
  });

  it('leave the folder, the newest stay', async () => {
    const directory = logFolder('many', KEPT_LOGS + 20);
    assert.equal(await pruneLogs(directory, new Set([idOf(0)])), 19);
    const left = readdirSync(directory).sort();
    assert.equal(left.length, KEPT_LOGS + 1);
    assert.deepEqual(left.slice(0, 2), [`${idOf(0)}.log`, `${idOf(20)}.log`]);
  });

  it('are the only files that are touched', async () => {
    const directory = logFolder('others', KEPT_LOGS + 1);
    for (const name of ['notes.log', 'README', `${idOf(1)}.txt`]) {
      writeFileSync(join(directory, name), '');
      utimesSync(join(directory, name), 1, 1);
    }
    assert.equal(await pruneLogs(directory, new Set()), 1);
    assert.equal(readdirSync(directory).length, KEPT_LOGS + 3);
  });

  it('are none before the first run', async () => {
    assert.equal(await pruneLogs(join(folder, 'none'), new Set()), 0);
  });

  it('that cannot be read are a complaint with a cure', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    await assert.rejects(
      pruneLogs(file, new Set()),
      failsWith('data-dir-unusable', /file cannot be deleted: ENOTDIR/),
    );
  });
});
