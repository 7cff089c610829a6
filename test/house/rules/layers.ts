import { posix } from 'node:path';
import { importsOf, targetOf } from '../imports.js';
import { sources, type Files, type Violation } from '../tree.js';

/** Of a folder that has folders: each imports those before it. `.` is what stands in the folder itself. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  'src/store': [
    ...['leveldb', 'database', 'salvage', 'format', 'series', 'blocks', 'head', 'epochs'],
    ...['rollups', 'records', 'opening', 'reading', 'keeping', 'tools', '.', 'check'],
  ],
};

/** A lower folder does not know the higher ones; only the door knows all. */
export function layersImportDownwards(files: Files): readonly Violation[] {
  return Object.entries(LAYERS).flatMap(([top, layers]) =>
    [...sources(files, top)]
      .filter(([path]) => path !== `${top}/index.ts`)
      .flatMap(([path, text]) => {
        const own = layers.indexOf(posix.relative(top, posix.dirname(path)) || '.');
        if (own < 0)
          return [{ files: [path], text: `is in a folder that has no place among ${top}'s layers` }];
        return importsOf(path, text).flatMap(({ specifier, place }) => {
          const target = targetOf(path, specifier) ?? '';
          const isHigher = layers.indexOf(posix.relative(top, posix.dirname(target)) || '.') > own;
          return isHigher ? [{ files: [place, target], text: 'is imported by a lower layer' }] : [];
        });
      }),
  );
}
