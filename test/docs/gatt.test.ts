import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { GATT_SERVICES } from '@perigee/gatt';
import { PACKAGE_ROOT } from '../../src/platform/index.js';

describe('the page on the Bluetooth contract', () => {
  const folder = mkdtempSync(join(tmpdir(), 'perigee-gatt-'));
  after(() => rmSync(folder, { recursive: true }));

  it('is what the code says today', () => {
    const fresh = join(folder, 'gatt.md');
    execFileSync(process.execPath, [join(PACKAGE_ROOT, 'scripts/generate-gatt-docs.mjs'), fresh]);
    const [now, there] = [fresh, join(PACKAGE_ROOT, 'docs/gatt.md')].map((file) =>
      readFileSync(file, 'utf8'),
    );
    assert.ok(now === there, 'docs/gatt.md is stale: run npm run gatt-docs');
  });

  it('has a row and a section for every characteristic', () => {
    const text = readFileSync(join(PACKAGE_ROOT, 'docs/gatt.md'), 'utf8');
    for (const service of Object.values(GATT_SERVICES)) {
      const rows: Readonly<Record<string, { readonly name: string }>> = service.characteristics;
      for (const { name } of Object.values(rows))
        assert.ok(text.includes(`| ${name}, `) && text.includes(`\n### ${name}\n`), name);
    }
  });
});
