import { bootFiles, type Cell } from '../confinement/index.js';
import type { VmSpec } from '../domain/index.js';
import { FIRST_SOCKET_FD } from './process.js';

interface Seen {
  /** What it inherits open, behind its sockets. */
  readonly files: readonly string[];
  /** By what name it reaches one of them, or its folder. */
  readonly seen: (path: string) => string;
}

/**
 * How a monitor sees the world: one with a user of its own may enter none of the folders that its files lie in. It inherits
 * them open, and stands in its own folder.
 */
export function seenBy(
  spec: VmSpec,
  folder: string | undefined,
  cell: Cell | undefined,
  sockets: number,
): Seen {
  if (!cell?.user) return { files: [], seen: (path) => path };
  const files = bootFiles(spec);
  const seen = (path: string): string =>
    path === folder ? '.' : `/proc/self/fd/${FIRST_SOCKET_FD + sockets + files.indexOf(path)}`;
  return { files, seen };
}
