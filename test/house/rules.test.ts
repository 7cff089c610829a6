import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { importsOf } from './imports.js';
import { noImportCycles } from './rules/cycles.js';
import { onlyConfigurationReadsTheEnvironment } from './rules/environment.js';
import { backendStandsAlone, sharedImportsWhatItDeclares, importsOnlyWhatWasGiven } from './rules/folders.js';
import { layersImportDownwards } from './rules/layers.js';
import { oneFileOwnsEachEdge } from './rules/owners.js';
import { pureMeansPure } from './rules/purity.js';
import { filesAreShort, foldersHaveDoors, namesNoMachine, versionsAreExact } from './rules/shape.js';
import { noAny, noDefaultExports, noEmptyCatch } from './rules/syntax.js';
import { named } from './support-rules.js';
import type { Rule } from './tree.js';

describe('reading imports', () => {
  const forms = [
    `import { x } from 'm';`,
    `import 'm';`,
    `import type { X } from 'm';`,
    `export * from 'm';`,
    `const x = await import('m');`,
    `const x = require('m');`,
    `const x = createRequire(import.meta.url)('m');`,
    `const x = import.meta.resolve('m');`,
    `let x: import('m').X;`,
    `import x = require('m');`,
  ];
  for (const form of forms) {
    it(`finds the module in: ${form}`, () => {
      assert.deepEqual(
        importsOf('a.ts', `\n${form}`).map(({ specifier, place }) => `${specifier} ${place}`),
        ['m a.ts:2'],
      );
    });
  }

  it('does not take a comment or a text for an import', () => {
    assert.deepEqual(importsOf('a.ts', `// import 'm';\nconst text = "import 'm'";`), []);
  });
});

describe('the rule on folders', () => {
  const rule = importsOnlyWhatWasGiven;

  it('names both files when a folder imports sideways', () => {
    const tree = { 'src/web/page.ts': `\nimport { read } from '../store/index.js';` };
    assert.deepEqual(named(rule, tree), [['src/web/page.ts:2', 'src/store/index.ts']]);
  });

  it('names both files when a folder is not entered by its door', () => {
    const tree = { 'src/web/page.ts': `import type { RunId } from '../domain/ids.js';` };
    assert.deepEqual(named(rule, tree), [['src/web/page.ts:1', 'src/domain/ids.ts']]);
  });

  it('lets the domain import nothing, not even from Node', () => {
    const tree = { 'src/domain/a.ts': `import 'node:fs'; import '../web/index.js'; import './b.js';` };
    assert.deepEqual(named(rule, tree), [
      ['src/domain/a.ts:1', 'node:fs'],
      ['src/domain/a.ts:1', 'src/web/index.ts'],
    ]);
  });

  it('names a package that a folder was not given', () => {
    const tree = { 'src/web/page.ts': `import { Level } from 'level';` };
    assert.deepEqual(named(rule, tree), [['src/web/page.ts:1', 'level']]);
  });

  it('refuses a folder that has no entry in the table', () => {
    const tree = { 'src/novel/index.ts': `import { RunId } from '../domain/index.js';` };
    assert.deepEqual(named(rule, tree), [['src/novel/index.ts:1', 'src/domain/index.ts']]);
  });

  it('refuses a second gateway beside the first, and a folder that imports the gateway', () => {
    const tree = {
      'src/other.ts': `import '../src/web/index.js';`,
      'src/web/page.ts': `import '../gateway.js';`,
    };
    assert.deepEqual(named(rule, tree), [
      ['src/other.ts:1', 'src/web/index.ts'],
      ['src/web/page.ts:1', 'src/gateway.ts'],
    ]);
  });

  it('refuses what lies outside of src', () => {
    assert.equal(named(rule, { 'src/web/page.ts': `import '../../test/x.js';` }).length, 1);
  });

  it('lets the gateway alone enter the folder of its parts', () => {
    const tree = {
      'src/gateway.ts': `import './gateway/feed.js';`,
      'src/gateway/feed.ts': `import '../web/index.js';`,
      'src/cli/demo.ts': `import '../gateway/feed.js';`,
    };
    assert.deepEqual(named(rule, tree), [['src/cli/demo.ts:1', 'src/gateway/feed.ts']]);
  });

  it('lets the joiners enter every folder, by the door', () => {
    const tree = {
      'src/gateway.ts': `import './web/index.js'; import './store/level-store.js';`,
      'src/main.ts': `import './gateway.js';`,
      'src/cli/demo.ts': `import '../main.js'; import '../web/index.js';`,
    };
    assert.deepEqual(named(rule, tree), [['src/gateway.ts:1', 'src/store/level-store.ts']]);
  });
});

describe('the rule on layers', () => {
  const rule = layersImportDownwards;

  it('names both files when a lower folder imports a higher one', () => {
    const tree = {
      'src/store/index.ts': `export * from './check/check.js';`,
      'src/store/level-store.ts': `import './tools/tools.js';`,
      'src/store/blocks/floors.ts': `import '../format/keys.js'; import '../tools/tools.js';`,
    };
    assert.deepEqual(named(rule, tree), [['src/store/blocks/floors.ts:1', 'src/store/tools/tools.ts']]);
  });

  it('names a folder that has no place', () => {
    assert.deepEqual(named(rule, { 'src/store/misc/a.ts': '' }), [['src/store/misc/a.ts']]);
  });
});

describe('the rules on gatt/ and backend/', () => {
  it('names what gatt imports from outside, or without declaring it', () => {
    const tree = {
      'gatt/package.json': `{ "dependencies": { "@noble/hashes": "1.0.0" } }`,
      'gatt/table.ts': `import './uuids.js'; import 'node:fs'; import '../src/domain/index.js';
        import '@noble/hashes/sha2.js'; import '@noble/curves/ed25519.js';`,
    };
    assert.deepEqual(named(sharedImportsWhatItDeclares, tree), [
      ['gatt/table.ts:1', 'node:fs'],
      ['gatt/table.ts:1', 'src/domain/index.ts'],
      ['gatt/table.ts:2', '@noble/curves/ed25519.js'],
    ]);
  });

  it('names what backend imports from the gateway, or without declaring it', () => {
    const tree = {
      'backend/package.json': `{ "dependencies": { "fastify": "1.0.0" } }`,
      'backend/src/a.ts': `import 'fastify'; import 'axios'; import '../../src/domain/index.js';`,
    };
    assert.deepEqual(named(backendStandsAlone, tree), [
      ['backend/src/a.ts:1', 'axios'],
      ['backend/src/a.ts:1', 'src/domain/index.ts'],
    ]);
  });
});

describe('the rule on cycles', () => {
  it('names every file of the circle', () => {
    const tree = {
      'src/web/a.ts': `import './b.js';`,
      'src/web/b.ts': `import './c.js';`,
      'src/web/c.ts': `import './a.js';`,
    };
    assert.deepEqual(named(noImportCycles, tree), [['src/web/a.ts', 'src/web/b.ts', 'src/web/c.ts']]);
  });

  it('names a circle of types too', () => {
    const tree = { 'src/web/a.ts': `import './b.js';`, 'src/web/b.ts': `import type { A } from './a.js';` };
    assert.deepEqual(named(noImportCycles, tree), [['src/web/a.ts', 'src/web/b.ts']]);
  });
});

describe('the rule on owners', () => {
  const rule = oneFileOwnsEachEdge;

  it('names both files when a second one of the owner folder imports bleno', () => {
    const tree = {
      'src/radio/bleno.ts': `import bleno from '@abandonware/bleno';`,
      'src/radio/other.ts': `const name = '@stoprocent/bleno';`,
    };
    assert.deepEqual(named(rule, tree), [['src/radio/bleno.ts', 'src/radio/other.ts']]);
  });

  it('names the stranger and the owner when another folder spawns a process', () => {
    const tree = {
      'src/runner/qemu.ts': `import { execa } from 'execa';`,
      'src/web/page.ts': `const { spawn } = await import('node:child_process');`,
    };
    assert.deepEqual(named(rule, tree), [['src/web/page.ts', 'src/runner/qemu.ts']]);
  });

  for (const [module, folder] of [
    ['@abandonware/noble', 'src/nearby'],
    ['axios', 'src/sync'],
    ['level', 'src/store'],
  ] as const) {
    it(`lets one file of ${folder}, and no other folder, use ${module}`, () => {
      const text = `import '${module}';`;
      assert.deepEqual(named(rule, { [`${folder}/a.ts`]: text }), []);
      assert.deepEqual(named(rule, { [`${folder}/a.ts`]: text, 'src/web/b.ts': text }), [
        ['src/web/b.ts', `${folder}/a.ts`],
      ]);
    });
  }
});

describe('the rule on the environment', () => {
  const readings = [
    'process.env.HOME',
    "process['env']",
    "import { env } from 'node:process'",
    'const { env } = process',
  ];
  for (const reading of readings) {
    it(`finds ${reading}, except in the configuration`, () => {
      const tree = { 'src/config/load.ts': reading, 'src/web/page.ts': `\n${reading}` };
      assert.deepEqual(named(onlyConfigurationReadsTheEnvironment, tree), [['src/web/page.ts:2']]);
    });
  }
});

describe('the rule on purity', () => {
  const impurities = [
    'Date.now()',
    'new Date()',
    'Date()',
    'performance.now()',
    'process.hrtime.bigint()',
    'Math.random()',
    'setTimeout(f, 1)',
    'crypto.randomUUID()',
    `import { readFileSync } from 'node:fs';`,
  ];
  for (const impurity of impurities) {
    it(`finds ${impurity} in a pure folder, and leaves an edge alone`, () => {
      const tree = { 'src/metrics/window.ts': `\n${impurity}`, 'src/web/page.ts': impurity };
      assert.deepEqual(named(pureMeansPure, tree), [['src/metrics/window.ts:2']]);
    });
  }

  it('lets a pure file make a date of a number that it was given', () => {
    assert.deepEqual(named(pureMeansPure, { 'gatt/time.ts': 'new Date(wallMs).toISOString()' }), []);
  });
});

describe('the rules on syntax', () => {
  const bad: readonly (readonly [rule: Rule, text: string])[] = [
    [noDefaultExports, 'export default 1;'],
    [noDefaultExports, 'export default function f() {}'],
    [noDefaultExports, 'const a = 1; export { a as default };'],
    [noEmptyCatch, 'try { f(); } catch {}'],
    [noEmptyCatch, 'void f().catch(() => {});'],
    [noAny, 'const x: any = 1;'],
    [noAny, 'const x = y as Map<string, any>;'],
  ];
  for (const [rule, text] of bad) {
    it(`finds the line of: ${text}`, () => {
      assert.deepEqual(named(rule, { 'src/web/page.ts': `\n${text}` }), [['src/web/page.ts:2']]);
    });
  }

  it('accepts a catch that says why there is nothing to do', () => {
    assert.deepEqual(
      named(noEmptyCatch, { 'src/a.ts': 'try { f(); } catch {\n// It was gone already.\n}' }),
      [],
    );
  });
});

describe('the rules on shape', () => {
  it('name a file of 301 lines, and not one of 300', () => {
    const tree = { 'src/web/a.ts': '\n'.repeat(300) + 'x', 'src/web/b.ts': '\n'.repeat(299) + 'x\n' };
    assert.deepEqual(named(filesAreShort, tree), [['src/web/a.ts']]);
  });

  it('name the door that a folder lacks', () => {
    const tree = { 'src/web/deep/a.ts': '', 'src/store/index.ts': '', 'src/x/part.ts': '', 'src/x.ts': '' };
    assert.deepEqual(named(foldersHaveDoors, tree), [['src/web/index.ts']]);
  });

  it('name the line of a machine or a registry', () => {
    // In parts, so that this file passes the rule.
    const registry = ['registry', 'npmjs', 'org'].join('.');
    const tree = {
      'docs/a.md': `fine\n/work/x`,
      'b.json': `"https://${registry}/x"`,
      'c.md': 'network/work',
    };
    assert.deepEqual(named(namesNoMachine, tree), [['docs/a.md:2'], ['b.json:1']]);
  });

  it('name the package.json with a version that is a range', () => {
    const tree = {
      'package.json': `{ "dependencies": { "a": "^1.0.0" }, "devDependencies": { "b": "1.0.0-2" } }`,
      'gatt/package.json': `{ "optionalDependencies": { "c": "*" } }`,
    };
    assert.deepEqual(named(versionsAreExact, tree), [['package.json'], ['gatt/package.json']]);
  });
});
