import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** An image of one kernel for every architecture, with a disk where one is given. */
export function imageFolder(
  directory: string,
  name: string,
  keys: readonly string[],
  kernel: Uint8Array,
  disk?: Uint8Array,
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
    ...[`name: ${name}`, 'version: "1"', ...keys],
    `kernels: { ${each(file('kernel', kernel))} }`,
    ...(disk ? [`disks: { ${each(`${file('disk', disk)}, format: raw`)} }`] : []),
  ];
  writeFileSync(join(folder, 'image.yaml'), lines.join('\n'));
}
