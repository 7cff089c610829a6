import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Solo5Note } from '../../src/domain/index.js';
import { elfFile, solo5Notes } from './support-files.js';

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
  disk?: Buffer,
): void {
  const folder = join(directory, name);
  mkdirSync(folder, { recursive: true });
  const file = (fileName: string, bytes: Uint8Array): string => {
    writeFileSync(join(folder, fileName), bytes);
    return `file: ${fileName}, sha256: ${createHash('sha256').update(bytes).digest('hex')}`;
  };
  const each = (entry: string): string =>
    ['x86_64', 'arm64', 'armv7'].map((architecture) => `${architecture}: { ${entry} }`).join(', ');
  const lines = [
    ...[`name: ${name}`, 'version: "1"', 'flavour: mirage', 'memoryMib: 32'],
    `kernels: { ${each(file('kernel', kernel))} }`,
    ...(disk ? [`disks: { ${each(`${file('disk', disk)}, format: raw`)} }`] : []),
    ...more,
  ];
  writeFileSync(join(folder, 'image.yaml'), lines.join('\n'));
}
