import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { everyExportIsImported } from './rules/exports.js';
import { named } from './support-rules.js';

describe('the rule on exports', () => {
  const rule = everyExportIsImported;
  const door = `export { a } from './a.js';`;

  it('names the line of what nobody imports, in a file and in a door', () => {
    const tree = {
      'src/web/a.ts': `export const b = 1;\nexport function a() { return b; }`,
      'src/web/index.ts': door,
    };
    assert.deepEqual(named(rule, tree), [['src/web/a.ts:1'], ['src/web/index.ts:1']]);
  });

  for (const reader of [
    `import { a as mine } from '../web/index.js';`,
    `import * as web from '../web/index.js';`,
    `const { a } = await import('../web/index.js');`,
  ]) {
    it(`is content with: ${reader}`, () => {
      const tree = { 'src/web/a.ts': 'export class a {}', 'src/web/index.ts': door, 'src/cli/b.ts': reader };
      assert.deepEqual(named(rule, tree), []);
    });
  }

  it('sees through a door that hands everything on', () => {
    const tree = {
      'gatt/a.ts': 'export const used = 1, unused = 2;',
      'gatt/index.ts': `export * from './a.js';`,
      'src/web/b.ts': `import { used } from '@perigee/gatt';`,
    };
    assert.deepEqual(named(rule, tree), [['gatt/a.ts:1']]);
    assert.equal(rule(new Map(Object.entries(tree)))[0]?.text, 'exports unused, which no other file imports');
  });

  it('counts the programs that a shell starts, and leaves types alone', () => {
    const tree = {
      'backend/src/main.ts': 'export interface Options {} export type Port = 1; export function main() {}',
      'backend/bin/x.mjs': `import { main } from '../dist/main.js';`,
    };
    assert.deepEqual(named(rule, tree), []);
  });
});
