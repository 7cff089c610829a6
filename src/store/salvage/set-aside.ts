import { access, appendFile, copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';

const ROWS_FILE = 'rows.jsonl';

/**
 * Where a store puts what it cannot read: a folder beside it, `store.damaged-<time>`, that is made with the first thing
 * that goes there. Nothing of it is ever removed by us.
 */
export class Aside {
  readonly storePath: string;
  readonly #begin: string;
  #folder: Promise<string> | undefined;
  #path: string | undefined;

  /** Of the store's folder, at this time as the board believes it. */
  constructor(storePath: string, wallMs: number) {
    this.storePath = storePath;
    const time = new Date(wallMs).toISOString().replace(/\.\d+/, '').replaceAll(':', '');
    this.#begin = `${storePath}.damaged-${time}`;
  }

  /** Undefined as long as nothing was set aside. */
  get path(): string | undefined {
    return this.#path;
  }

  /** Moves the file; one of the same name that is there already stays. */
  async take(path: string, name = basename(path)): Promise<void> {
    const target = await this.#place(name);
    try {
      await rename(path, target);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EXDEV')) throw error;
      await copyFile(path, target);
      await rm(path);
    }
  }

  async copy(path: string): Promise<void> {
    await copyFile(path, await this.#place(basename(path)));
  }

  /** A row of the database. */
  async keep(key: Uint8Array, value: Uint8Array, why: string): Promise<void> {
    const row = { why, key: hex(key), value: hex(value) };
    const folder = await this.#made();
    await appendFile(join(folder, ROWS_FILE), `${JSON.stringify(row)}\n`, { mode: 0o600 });
  }

  async #place(name: string): Promise<string> {
    const folder = await this.#made();
    return free(join(folder, name));
  }

  #made(): Promise<string> {
    this.#folder ??= (async () => {
      const folder = await free(this.#begin);
      await mkdir(folder, { mode: 0o700 });
      this.#path = folder;
      return folder;
    })();
    return this.#folder;
  }
}

/** The path, or one like it that nothing has. */
async function free(path: string): Promise<string> {
  for (let number = 1; ; number += 1) {
    const candidate = number === 1 ? path : `${path}-${number}`;
    const isThere = await access(candidate).then(
      () => true,
      () => false,
    );
    if (!isThere) return candidate;
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}
