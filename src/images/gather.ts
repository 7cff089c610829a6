import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { PerigeeError, reasonOf } from '../domain/index.js';
import { parseScalar } from '../yaml/index.js';
import { isMissing } from './shelf.js';
import { lookAt, type Looked } from './look.js';

/** What lies at a path, sorted by what each file is. */
export interface Gathered {
  /** Of the file or folder; a name can be made of it. */
  readonly called: string;
  readonly kernel?: Looked;
  readonly initrd?: Looked;
  readonly disk?: Looked;
  /** The text of the folder's own manifest. */
  readonly manifest?: string;
}

/** More than any image is made of; a folder with more is something else. */
const MAX_FILES = 64;
const MAX_MANIFEST_BYTES = 64 * 1024;

/** @throws PerigeeError `image-invalid` for what cannot be read, or a folder that could mean several things. */
export async function gather(path: string): Promise<Gathered> {
  const called = basename(resolve(path));
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) return { called, ...sorted(await lookAt(path)) };
  const manifest = await manifestIn(path);
  if (manifest !== undefined && namesFiles(manifest)) return { called, manifest };
  return { called, ...(manifest === undefined ? {} : { manifest }), ...(await filesIn(path)) };
}

const FILE_KEYS = ['kernels', 'initrds', 'disks'];

/** Else its folder's files are what it leaves out. One that is no map is told so by whoever parses it. */
export function namesFiles(manifest: string): boolean {
  const value = parseScalar(manifest);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return true;
  return FILE_KEYS.some((key) => Object.hasOwn(value, key));
}

/** What is no disk is taken for a kernel, so that what is wrong with it is told. */
function sorted(file: Looked): Pick<Gathered, 'kernel' | 'disk'> {
  return file.detected.role === 'disk' ? { disk: file } : { kernel: file };
}

async function manifestIn(folder: string): Promise<string | undefined> {
  const path = join(folder, 'image.yaml');
  try {
    if ((await stat(path)).size > MAX_MANIFEST_BYTES) {
      throw new PerigeeError('image-invalid', `${path} is longer than any manifest`, 'Is it one?');
    }
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    if (cause instanceof PerigeeError) throw cause;
    const message = `cannot read ${path}: ${reasonOf(cause)}`;
    throw new PerigeeError('image-invalid', message, 'Correct its permissions.', { cause });
  }
}

async function filesIn(folder: string): Promise<Pick<Gathered, 'kernel' | 'initrd' | 'disk'>> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map(({ name }) => name);
  if (names.length > MAX_FILES) throw ambiguous(folder, `${names.length} files`);
  const looked = await Promise.all(names.sort().map((name) => lookAt(join(folder, name))));
  const of = (role: string): readonly Looked[] => looked.filter(({ detected }) => detected.role === role);
  const kernels = of('kernel');
  const starting = kernels.filter(({ detected }) => !detected.trouble);
  // A loader, and the image that it loads.
  const loaded = kernels.filter(({ detected }) => detected.trouble);
  const initrds = starting.length > 0 ? [...of('initrd'), ...loaded] : of('initrd');
  return {
    ...one(folder, 'kernel', starting.length > 0 ? starting : loaded),
    ...one(folder, 'initrd', initrds),
    ...one(folder, 'disk', of('disk')),
  };
}

function one(
  folder: string,
  kind: 'kernel' | 'initrd' | 'disk',
  files: readonly Looked[],
): Partial<Record<typeof kind, Looked>> {
  const [file] = files;
  if (files.length > 1) {
    throw ambiguous(
      folder,
      `${files.length} files that could be its ${kind}: ${files.map(({ path }) => basename(path)).join(', ')}`,
    );
  }
  return file ? { [kind]: file } : {};
}

function ambiguous(folder: string, what: string): PerigeeError {
  const cure = 'Give the kernel as FILE, and others with --disk and --initrd, or write an image.yaml.';
  return new PerigeeError('image-invalid', `${folder} holds ${what}`, cure);
}

/** @throws PerigeeError `image-invalid`. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash);
  } catch (cause) {
    const cure = 'Give a file that may be read.';
    throw new PerigeeError('image-invalid', `cannot read ${path}: ${reasonOf(cause)}`, cure, { cause });
  }
  return hash.digest('hex');
}
