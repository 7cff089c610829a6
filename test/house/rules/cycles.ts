import { importsOf, targetOf } from '../imports.js';
import { sources, type Files, type Violation } from '../tree.js';

/** No file needs itself through others, not for a type either: two that name each other are one thing or three. */
export function noImportCycles(files: Files): readonly Violation[] {
  const graph = new Map(
    [...sources(files, 'src', 'columns', 'gatt', 'backend')].map(([path, text]) => [
      path,
      localTargets(path, text, files),
    ]),
  );
  const done = new Set<string>();
  const cycles: Violation[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) cycles.push({ files: trail.slice(start), text: 'import each other in a circle' });
    if (start >= 0 || done.has(path)) return;
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return cycles;
}

function localTargets(path: string, text: string, files: Files): readonly string[] {
  const targets = importsOf(path, text).map(({ specifier }) => targetOf(path, specifier) ?? '');
  return [...new Set(targets)].filter((target) => files.has(target));
}
