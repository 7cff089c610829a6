import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { PACKAGE_ROOT } from '../../src/platform/index.js';

const MODULE = join(PACKAGE_ROOT, 'dist/src/platform/heap.js');

/** Bytes of the young generation of a program that has allocated much, and kept a part of it for a while. */
function youngBytes(first: string): number {
  const program = `
    import { getHeapSpaceStatistics } from 'node:v8';
    import { keepHeapSmall } from ${JSON.stringify(MODULE)};
    ${first};
    let kept = [];
    for (let i = 0; i < 2e6; i += 1) { kept.push({ i }); if (kept.length > 1e5) kept = []; }
    console.log(getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size);`;
  const text = execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  return Number(text);
}

describe('a small heap', () => {
  it('has a young generation that does not grow with what was allocated once', () => {
    const [small, usual] = [youngBytes('keepHeapSmall()'), youngBytes('')];
    assert.ok(small > 0 && small * 4 <= usual, `${small} of ${usual} bytes`);
  });
});
