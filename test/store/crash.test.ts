import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { tempFolder } from '../support/temp.js';
import { killRounds, mountingFails, powerCutRound } from './support-crash.js';

const folder = tempFolder('crash');

/** A short form of `npm run test:store-crash`, which takes minutes. */
describe('a store whose process is killed at random times under load', () => {
  for (const durability of ['normal', 'frugal'] as const) {
    it(`has all that was acknowledged, once, in order and folded right; ${durability}`, async () => {
      const directory = mkdtempSync(join(folder, 'data-'));
      const options = { seed: 7, powerCutSeconds: 0.05, lastsMs: 300, durability };
      assert.ok((await killRounds(directory, 2, options)) > 0);
    });
  }
});

describe('a store whose power is cut under load', { skip: mountingFails(folder) }, () => {
  it('has all that was acknowledged before its window, once, in order and folded right', async () => {
    const { acknowledged } = await powerCutRound(folder, {
      ...{ seed: 3, powerCutSeconds: 0.5, stepUs: 1000, pauseMs: 5, lastsMs: 500 },
    });
    assert.ok(acknowledged > 0);
  });
});
