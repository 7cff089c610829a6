// Stamps: a step leaves a digest of its inputs in its output folder, and has nothing to do while that is still true.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What is made, not written, and so is no input. */
const OUTPUT_FOLDERS = new Set(['node_modules', 'dist', 'generated', 'build']);

/** Every file at or below a path, sorted; none if it does not exist. */
export function filesUnder(path) {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) return [];
  if (!stats.isDirectory()) return [path];
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => !(entry.isDirectory() && OUTPUT_FOLDERS.has(entry.name)))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) =>
      entry.isDirectory() ? filesUnder(join(path, entry.name)) : [join(path, entry.name)],
    );
}

/** Changes when a file comes, goes or is saved. Cheap: reads no file. */
export function digestByTime(paths) {
  const hash = createHash('sha256');
  for (const file of paths.flatMap(filesUnder)) {
    const { mtimeMs, size } = statSync(file);
    hash.update(`${file}\0${mtimeMs}\0${size}\n`);
  }
  return hash.digest('hex');
}

/** Changes when the content of a file does. A missing file is an input too. */
export function digestByContent(paths) {
  const hash = createHash('sha256');
  for (const file of paths) hash.update(`${file}\0${readText(file) ?? 'missing'}\0`);
  return hash.digest('hex');
}

export function readStamp(file) {
  try {
    return JSON.parse(readText(file) ?? 'null');
  } catch {
    // Half a stamp, from a full disk for instance, is as good as none: the step runs again.
    return null;
  }
}

export function writeStamp(file, stamp) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(stamp)}\n`);
}

export const readText = (file) =>
  statSync(file, { throwIfNoEntry: false }) ? readFileSync(file, 'utf8') : undefined;
