import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, it } from 'node:test';
import { loadConfig } from '../../src/config/index.js';
import { configSchema } from '../../src/config/schema.js';
import { ERROR_EXITS } from '../../src/domain/index.js';
import { manifestSchema } from '../../src/images/manifest.js';
import { PACKAGE_ROOT } from '../../src/platform/index.js';
import { ROUTES } from '../../src/web/routes.js';
import { tempFolder } from '../support/temp.js';

const read = (file: string): string => readFileSync(join(PACKAGE_ROOT, file), 'utf8');

function documents(): readonly string[] {
  const docs = readdirSync(join(PACKAGE_ROOT, 'docs'), { recursive: true }).map((file) =>
    join('docs', String(file)),
  );
  const top = readdirSync(PACKAGE_ROOT).filter((file) => file.endsWith('.md'));
  return [...top, ...docs, 'images/README.md'].filter((file) => file.endsWith('.md'));
}

/** Dotted names of all keys that hold no section. */
function leafKeys(schema: object): readonly string[] {
  return Object.entries(entriesOf(schema)).flatMap(([key, entry]) => {
    const below = leafKeys(entry);
    return below.length === 0 ? [key] : below.map((rest) => `${key}.${rest}`);
  });
}

/** What a section holds, inside `v.optional` or not; nothing for any other schema. */
function entriesOf(schema: object): Readonly<Record<string, object>> {
  const section = 'wrapped' in schema ? schema.wrapped : schema;
  return (section as { readonly entries?: Readonly<Record<string, object>> }).entries ?? {};
}

describe('the documentation', () => {
  it('lists every exit status, and no other', () => {
    const rows = read('docs/command-line.md').matchAll(/^\| (\d+) \| `([a-z-]+)` \|/gm);
    const listed: unknown = Object.fromEntries([...rows].map(([, status, code]) => [code, Number(status)]));
    assert.deepEqual(listed, { ...ERROR_EXITS });
  });

  it('lists every key of the configuration, and no other', () => {
    const listed = [...read('docs/configuration.md').matchAll(/^\| `([\w.]+)` \|/gm)].map(([, key]) => key);
    assert.deepEqual(listed.toSorted(), leafKeys(configSchema).toSorted());
  });

  it('lists every key of a manifest, and no other', () => {
    const cells = [...read('docs/images.md').matchAll(/^\| (`[^|]*`) \|/gm)].map(([, cell = '']) => cell);
    const listed = cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, key]) => key));
    assert.deepEqual(listed.toSorted(), Object.keys(manifestSchema.entries).toSorted());
  });

  it('shows a configuration that is valid', () => {
    const example =
      /```yaml\n([\s\S]*?)```/.exec(read('docs/configuration.md'))?.[1] ?? assert.fail('an example');
    const file = join(tempFolder('docs'), 'perigee.yaml');
    writeFileSync(file, example);
    assert.equal(loadConfig({ file, env: {}, overrides: [] }).name, 'Orchard');
  });

  it('lists every request that the page and the socket answer', () => {
    const listed = [...read('docs/http.md').matchAll(/^\| `(GET|POST) (\/[^` ]*)`/gm)].map(
      ([, method, path]) => ({ method, path }),
    );
    for (const { method, path } of ROUTES) {
      const found = listed.some(
        (row) => row.method === method && path.test(row.path?.replace('ID', '0'.repeat(16)) ?? ''),
      );
      assert.ok(found, `${method} ${path.source}`);
    }
  });

  it('links to nothing that is not there', () => {
    const broken = documents().flatMap((file) =>
      [...read(file).matchAll(/\]\((?!https?:|#)([^)#]+)/g)]
        .map(([, target = '']) => join(PACKAGE_ROOT, dirname(file), target))
        .filter((target) => !existsSync(target))
        .map((target) => `${file} -> ${relative(PACKAGE_ROOT, target)}`),
    );
    assert.deepEqual(broken, []);
  });
});
