// Writes proto/generated/ (or the folder given) from every schema under proto/.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const out = process.argv[2] ?? join(root, 'proto', 'generated');
const { pbjs, pbts } = createRequire(import.meta.url)('protobufjs-cli');

const schemas = readdirSync(join(root, 'proto'), { recursive: true })
  .map(String)
  .filter((file) => file.endsWith('.proto'))
  .sort()
  .map((file) => join(root, 'proto', file));

const run = (tool, args) =>
  new Promise((done, fail) => tool.main(args, (error, text) => (error ? fail(error) : done(text))));

mkdirSync(out, { recursive: true });
const script = join(out, 'index.js');
await run(pbjs, [
  ...['-t', 'static-module', '-w', 'es6', '--dependency', 'protobufjs/minimal.js'],
  ...['--no-service', '--no-convert', '--no-delimited', '--force-number'],
  ...['-p', join(root, 'proto'), '-o', script],
  ...schemas,
]);

// The types promise numbers, so 64-bit fields must not turn into Long objects where that package is installed.
const importLine = 'import $protobuf from "protobufjs/minimal.js";\n';
const generated = readFileSync(script, 'utf8');
if (!generated.includes(importLine))
  throw new Error(`pbjs no longer writes ${importLine}; adapt this script`);
writeFileSync(
  script,
  generated.replace(importLine, `${importLine}\n$protobuf.util.Long = undefined;\n$protobuf.configure();\n`),
);
await run(pbts, ['-o', join(out, 'index.d.ts'), script]);
