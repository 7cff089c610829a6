import ts from 'typescript';
import { importsOf, packageOf } from '../imports.js';
import { nodes, parse, sources, type Files, type Violation } from '../tree.js';

/** What only one file of a folder may touch, so that its errors are translated in one place. */
interface Owned {
  readonly name: string;
  readonly isIt: (packageName: string) => boolean;
  /** One file in each of them. */
  readonly folders: readonly string[];
}

const OWNED: readonly Owned[] = [
  { name: 'bleno', isIt: (name) => /(^|\/)bleno$/.test(name), folders: ['src/radio'] },
  { name: 'noble', isIt: (name) => /(^|\/)noble$/.test(name), folders: ['src/nearby'] },
  { name: 'axios', isIt: (name) => name === 'axios', folders: ['src/sync'] },
  {
    name: 'level',
    isIt: (name) => /^(level|classic-level|abstract-level)$/.test(name),
    folders: ['src/store'],
  },
  { name: 'croner', isIt: (name) => name === 'croner', folders: ['src/scheduler'] },
  {
    name: 'child processes',
    isIt: (name) => name === 'execa' || name === 'node:child_process' || name === 'child_process',
    folders: ['src/runner'],
  },
];

/** One file owns what touches the world; a second one is named beside the first. */
export function oneFileOwnsEachEdge(files: Files): readonly Violation[] {
  return OWNED.flatMap((owned) => {
    const users = [...sources(files, 'src')]
      .filter(([path, text]) => uses(path, text, owned))
      .map(([path]) => path);
    const strangers = users.filter((path) => !owned.folders.includes(folderOf(path)));
    const owners = owned.folders.map((folder) => users.filter((path) => folderOf(path) === folder));
    return [
      ...strangers.map((path) => ({
        files: [path, owners.flat()[0] ?? owned.folders.join()],
        text: `only the latter uses ${owned.name}`,
      })),
      ...owners
        .filter((group) => group.length > 1)
        .map((group) => ({ files: group, text: `one file uses ${owned.name}` })),
    ];
  });
}

const folderOf = (path: string): string => path.split('/').slice(0, 2).join('/');

/** Imports it; or keeps a scoped package's name in a string, to load it later. */
function uses(path: string, text: string, { isIt }: Owned): boolean {
  if (importsOf(path, text).some(({ specifier }) => isIt(packageOf(specifier)))) return true;
  return [...nodes(parse(path, text))].some(
    (node) => ts.isStringLiteralLike(node) && node.text.startsWith('@') && isIt(node.text),
  );
}
