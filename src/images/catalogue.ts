import { existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PerigeeError, parseImageName, reasonOf } from '../domain/index.js';
import type { Architecture, Image, ImageFile } from '../domain/index.js';
import { digestFile, type FileDigest } from './digest.js';
import { needKernel, needWholeDisk } from './file-check.js';
import { parseManifest } from './manifest.js';
import { addedShelves, filePath, folderShelf, imageFolders, type Shelf } from './shelf.js';
import { needTrusted, type Trust } from './signature.js';
import { readSignature, signaturePath } from './signature-file.js';
import { isNoted, withSolo5Notes } from './solo5-file.js';

/** A folder that is no image: named, so that one bad manifest hides nothing and stops nothing else. */
export interface CatalogueProblem {
  readonly folder: string;
  readonly error: PerigeeError;
}

export interface Catalogue {
  list(): Promise<{ readonly images: readonly Image[]; readonly problems: readonly CatalogueProblem[] }>;
  /**
   * `pending`: what is being added under the name, and is shown to nobody yet.
   * @throws PerigeeError `image-unknown` (with the names there are) or `image-invalid`.
   */
  get(name: string, pending?: true): Promise<Image>;
  /** The same, and where it was found. */
  entry(name: string): Promise<CatalogueEntry>;
  /**
   * The size of all files for this architecture, once their contents were found to be what the manifest says. Asked before every start.
   * @throws PerigeeError `image-checksum`, or `image-invalid` when a file cannot be read, the kernel is plainly none, or a disk refers to another file.
   */
  verify(image: Image, architecture: Architecture): Promise<number>;
}

export interface CatalogueOptions {
  /** Where images were added; absent for none. */
  readonly added?: string;
  /** Without it, signatures are not asked for. */
  readonly trust?: Trust | undefined;
}

export interface CatalogueEntry {
  readonly image: Image;
  /** Of its manifest. */
  readonly folder: string;
  /** By a user of this data directory; else it came with Perigee, or is kept by hand. */
  readonly added: boolean;
}

/**
 * The images of `directory`, and those that were added to `added`, which win where names agree. Looked at anew at each
 * call: adding or changing an image needs no restart.
 */
export function openCatalogue(directory: string, { added, trust }: CatalogueOptions = {}): Catalogue {
  const own = added === undefined ? undefined : addedShelves(added);
  const shelves = [...(own ? [own.added] : []), folderShelf(directory), ...(own ? [own.pending] : [])];
  const context: Context = { known: new Map(), trust };
  return {
    async list() {
      const results = await Promise.all((await shown(shelves)).map((place) => load(place, context)));
      return {
        images: results.flatMap((result) => ('error' in result ? [] : [result.image])),
        problems: results.flatMap((result) => ('error' in result ? [result] : [])),
      };
    },
    get: async (name, pending) =>
      (await find(pending ? shelves.filter(({ hidden }) => hidden) : shelves, name, context)).image,
    entry: (name) => find(shelves, name, context),
    verify,
  };
}

/** A manifest as it was when it was parsed: parsing costs a millisecond of every start, a look at the file a hundredth. */
interface Context {
  readonly known: Map<string, { readonly stamp: string; readonly image: Image }>;
  readonly trust: Trust | undefined;
}

interface Place {
  readonly shelf: Shelf;
  readonly name: string;
}

/** Every name once, in its order. */
async function shown(shelves: readonly Shelf[]): Promise<readonly Place[]> {
  const places = new Map<string, Shelf>();
  for (const shelf of shelves.filter(({ hidden }) => !hidden)) {
    for (const name of await imageFolders(shelf)) if (!places.has(name)) places.set(name, shelf);
  }
  return [...places].map(([name, shelf]) => ({ name, shelf })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function find(shelves: readonly Shelf[], text: string, context: Context): Promise<CatalogueEntry> {
  const name = parseImageName(text);
  for (const shelf of shelves) {
    if (!existsSync(join(shelf.directory, name))) continue;
    const result = await load({ shelf, name }, context);
    if ('error' in result) throw result.error;
    return result;
  }
  if (shelves.every(({ hidden }) => hidden)) {
    const message = `no image "${name}" is being added`;
    throw new PerigeeError('image-unknown', message, 'Add it: perigee images add');
  }
  const names = (await shown(shelves)).map((place) => place.name);
  const cure = names.length === 0 ? 'Build the images: npm run images' : `There are: ${names.join(', ')}.`;
  throw new PerigeeError('image-unknown', `there is no image "${name}"`, cure);
}

async function load(
  { shelf, name }: Place,
  { known, trust }: Context,
): Promise<CatalogueEntry | CatalogueProblem> {
  const folder = join(shelf.directory, name);
  const path = join(folder, 'image.yaml');
  const added = shelf.blobs !== undefined;
  try {
    const stamp = stampOf(folder, trust !== undefined);
    const before = known.get(folder);
    if (before?.stamp === stamp) return { image: before.image, folder, added };
    const manifest = await readFile(path);
    if (trust) needTrusted(name, manifest, await readSignature(folder), trust);
    const parsed = parseManifest(manifest.toString(), folder, (file) => filePath(shelf, name, file));
    const image = await withSolo5Notes(parsed);
    if (image.name !== name) throw misplaced(folder, image.name);
    if (isNoted(image)) known.set(folder, { stamp, image });
    return { image, folder, added };
  } catch (error) {
    return { folder, error: error instanceof PerigeeError ? error : unreadable(folder, error) };
  }
}

/** Of the manifest, and of its signature where that has a say. @throws where there is no manifest. */
function stampOf(folder: string, signed: boolean): string {
  const manifest = statSync(join(folder, 'image.yaml'), { bigint: true });
  const signature = signed
    ? statSync(signaturePath(folder), { bigint: true, throwIfNoEntry: false })
    : undefined;
  return [manifest, signature]
    .map((found) => (found ? [found.mtimeNs, found.ctimeNs, found.size, found.ino].join(':') : 'none'))
    .join(' ');
}

function misplaced(folder: string, name: string): PerigeeError {
  return new PerigeeError(
    'image-invalid',
    `${folder} holds an image named ${name}`,
    'Give folder and image one name.',
  );
}

function unreadable(folder: string, cause: unknown): PerigeeError {
  const message = `cannot read ${join(folder, 'image.yaml')}: ${reasonOf(cause)}`;
  return new PerigeeError('image-invalid', message, 'Put the manifest there, or remove the folder.', {
    cause,
  });
}

async function verify(image: Image, architecture: Architecture): Promise<number> {
  const { kernel, initrd, disk } = image.boot[architecture] ?? {};
  const [kernelFile, initrdFile, diskFile] = await Promise.all([
    kernel && verifyFile(image, kernel),
    initrd && verifyFile(image, initrd),
    disk && verifyFile(image, disk),
  ]);
  if (kernel && kernelFile) needKernel(image, kernel.path, kernelFile.head, architecture);
  if (disk?.format === 'qcow2' && diskFile) needWholeDisk(image, disk.path, diskFile.head);
  return [kernelFile, initrdFile, diskFile].reduce((sum, file) => sum + (file?.size ?? 0), 0);
}

async function verifyFile(image: Image, { path, sha256 }: ImageFile): Promise<FileDigest> {
  const found = await digestFile(path).catch((cause: unknown) => {
    const message = `cannot read a file of image ${image.name}: ${reasonOf(cause)}`;
    throw new PerigeeError('image-invalid', message, 'Build or add the image again.', { cause });
  });
  const { digest } = found;
  if (digest === sha256) return found;
  const message = `${path} is not what its manifest says: sha256 ${digest}, expected ${sha256}`;
  throw new PerigeeError(
    'image-checksum',
    message,
    'Build or add the image again, or find out who changed it.',
  );
}
