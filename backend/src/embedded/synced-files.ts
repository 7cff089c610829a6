import { closeSync, fsyncSync, openSync } from 'node:fs';
import { NodeFS } from '@electric-sql/pglite/nodefs';
import type { PGlite } from '@electric-sql/pglite';

type Mount = Awaited<ReturnType<NodeFS['init']>>;

/** The parts of Emscripten's file system over Node's that matter here. Its types do not describe them. */
interface OpenFile {
  readonly nfd?: number;
  readonly node: unknown;
}
interface EmscriptenNodeFiles {
  readonly stream_ops: { fsync?: (file: OpenFile) => number };
  realPath(node: unknown): string;
}

/**
 * Node's files, with an fsync that reaches the disk. PGlite's own has none, so that a commit would survive the end of
 * the process but not a power cut.
 */
export class SyncedFiles extends NodeFS {
  override async init(database: PGlite, options: Mount['emscriptenOpts']): Promise<Mount> {
    const mount = await super.init(database, options);
    const addSync = (module: object): void => {
      const { NODEFS } = module as { readonly NODEFS: EmscriptenNodeFiles };
      NODEFS.stream_ops.fsync = (file) => syncFile(file, NODEFS);
    };
    const preRun = [mount.emscriptenOpts.preRun ?? [], addSync].flat();
    return { ...mount, emscriptenOpts: { ...mount.emscriptenOpts, preRun } };
  }
}

/** 0 is Emscripten's success. Directories are opened for the purpose: Emscripten has no descriptor for them. */
function syncFile(file: OpenFile, files: EmscriptenNodeFiles): number {
  if (file.nfd !== undefined) fsyncSync(file.nfd);
  else syncPath(files.realPath(file.node));
  return 0;
}

export function syncPath(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
