// Which compiled tests to run.
import { existsSync, readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/** Takes long, and so starts first: the others run beside it. */
const isSlow = (path) => path.endsWith('.slow.test.ts');
const isEndToEnd = (path) => path.startsWith('e2e/');

/** Takes minutes, and what nobody has to have: the others hold a short form of it. */
const isWhole = (path) => path.endsWith('.vm.test.ts');

const GROUPS = {
  all: (path) => !isWhole(path),
  unit: (path) => !isEndToEnd(path) && !isSlow(path) && !isWhole(path),
  e2e: isEndToEnd,
  'bluetooth-vm': isWhole,
};

/** The compiled files of a group, led by their sources: a compiled test whose source is gone does not run. */
export function testFiles(root, group) {
  if (!Object.hasOwn(GROUPS, group))
    throw new Error(`usage: node scripts/test.mjs ${Object.keys(GROUPS).join('|')} [filter ...]`);
  return readdirSync(join(root, 'test'), { recursive: true })
    .map((path) => String(path).split(sep).join('/'))
    .filter((path) => path.endsWith('.test.ts') && GROUPS[group](path))
    .sort((a, b) => weight(b) - weight(a) || (a < b ? -1 : 1))
    .map((path) => compiled(root, path));
}

const weight = (path) => (isSlow(path) ? 2 : isEndToEnd(path) ? 1 : 0);

function compiled(root, source) {
  const file = join(root, 'dist', 'test', source.replace(/\.ts$/, '.js'));
  if (!existsSync(file)) throw new Error(`${relative(root, file)} is missing: build first (npm run build)`);
  return file;
}

/** Filters that are part of a path below `root` choose files; the others are names of tests. A source's path will do. */
export function chooseFiles(root, files, filters) {
  const holds = (file, filter) => relative(root, file).includes(filter.replace(/\.ts$/, '.js'));
  const paths = filters.filter((filter) => files.some((file) => holds(file, filter)));
  const names = filters.filter((filter) => !paths.includes(filter));
  return {
    files: paths.length === 0 ? files : files.filter((file) => paths.some((path) => holds(file, path))),
    names: names.map((name) => new RegExp(literally(name), 'i')),
  };
}

const literally = (text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
