import type { Solo5Note } from '../../src/domain/index.js';
import { elfFile, solo5Notes } from './support-files.js';
import { imageFolder } from './support-folder.js';

export interface Solo5Facts {
  /** Solo5's include/elf_abi.h: 1 hvt, 2 spt, 3 virtio. */
  readonly target: number;
  readonly devices?: Solo5Note['devices'];
}

/** As much of a Solo5 image as says what it is. */
export function solo5Image({ target, devices = [] }: Solo5Facts): Uint8Array {
  const table = devices.map(({ kind, name }) => [name, kind === 'block' ? 1 : 2] as const);
  return elfFile({ notes: solo5Notes(target, table) });
}

/** An image of one file for every architecture, with a disk where one is given. */
export function mirageFolder(
  directory: string,
  name: string,
  kernel: Uint8Array,
  more: readonly string[] = [],
  disk?: Uint8Array,
): void {
  imageFolder(directory, name, ['flavour: mirage', 'memoryMib: 32', ...more], kernel, disk);
}
