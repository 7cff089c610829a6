import type { Architecture } from '../domain/index.js';

/** Files of one architecture, as they are named in a manifest of ours. */
export interface FileSums {
  readonly kernel?: string;
  readonly initrd?: string;
  readonly disk?: { readonly sha256: string; readonly format: 'raw' | 'qcow2' };
}

type Value = string | number | Readonly<Record<string, string>> | undefined;

/** The text of a manifest; what is undefined is left out. JSON's scalars and flow maps are YAML's. */
export function manifestText(
  keys: Readonly<Record<string, Value>>,
  architecture: Architecture,
  files: FileSums,
): string {
  const lines = Object.entries(keys).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}: ${JSON.stringify(value)}`],
  );
  return [...lines, ...fileLines(architecture, files), ''].join('\n');
}

/** What says which files there are; it can follow a manifest that names none. */
export function fileLines(architecture: Architecture, { disk, initrd, kernel }: FileSums): readonly string[] {
  const line = (kind: string, name: string, rest: Readonly<Record<string, string>>): string =>
    `${kind}: ${JSON.stringify({ [architecture]: { file: `${name}-${architecture}`, ...rest } })}`;
  return [
    ...(kernel === undefined ? [] : [line('kernels', 'kernel', { sha256: kernel })]),
    ...(initrd === undefined ? [] : [line('initrds', 'initrd', { sha256: initrd })]),
    ...(disk === undefined ? [] : [line('disks', 'disk', { ...disk })]),
  ];
}
