import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assert } from '../domain/index.js';

/** The folder that holds our package.json, wherever the compiled files lie below it. */
export const PACKAGE_ROOT = findRoot(dirname(fileURLToPath(import.meta.url)));

export const BUILT_IMAGES = join(PACKAGE_ROOT, 'images', 'build');

/** Built with them, and no image: it loads 64-bit multiboot images. */
export const MULTIBOOT_LOADER = join(BUILT_IMAGES, '.loader', 'multiboot64.elf');

export function packageVersion(): string {
  const parsed: unknown = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8'));
  assert(typeof parsed === 'object' && parsed !== null && 'version' in parsed, 'package.json has a version');
  return String(parsed.version);
}

function findRoot(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    assert(dirname(folder) !== folder, 'a package.json lies above the program');
  }
}
