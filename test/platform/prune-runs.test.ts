import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Logger } from '../../src/domain/index.js';
import { pruneRuns } from '../../src/platform/index.js';
import { SILENT } from '../support/loggers.js';
import { tempFolder } from '../support/temp.js';

/** What it warns of. */
async function prune(folder: string, kept: readonly string[] = []): Promise<readonly string[]> {
  const warned: string[] = [];
  const logger: Logger = { ...SILENT, warn: (_, message) => warned.push(message) };
  await pruneRuns(folder, new Set(kept), logger);
  return warned;
}

describe('the folders of runs that a killed gateway left', () => {
  it('are removed with all that is in them, but for those of guests that live on', async () => {
    const folder = tempFolder('prune-runs');
    for (const run of ['dead', 'alive']) {
      mkdirSync(join(folder, run));
      writeFileSync(join(folder, run, 'disk'), 'x');
    }
    assert.deepEqual(await prune(folder, ['alive']), []);
    assert.deepEqual(readdirSync(folder), ['alive']);
  });

  it('need not be there, and stop no gateway', async () => {
    const folder = tempFolder('prune-none');
    assert.deepEqual(await prune(join(folder, 'none')), []);
    writeFileSync(join(folder, 'file'), '');
    assert.match((await prune(join(folder, 'file'))).join(), /not removed: ENOTDIR/);
  });
});
