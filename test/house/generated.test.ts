import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { ROOT } from './tree.js';

describe('the generated protobuf code', () => {
  const fresh = mkdtempSync(join(tmpdir(), 'perigee-proto-'));
  after(() => rmSync(fresh, { recursive: true }));
  execFileSync(process.execPath, [join(ROOT, 'scripts/generate-proto.mjs'), fresh]);

  for (const file of ['index.js', 'index.d.ts']) {
    it(`${file} is what the schemas give today`, () => {
      const [now, there] = [fresh, join(ROOT, 'proto/generated')].map((folder) =>
        readFileSync(join(folder, file), 'utf8'),
      );
      assert.ok(now === there, `proto/generated/${file} is stale: run npm run proto`);
    });
  }
});
