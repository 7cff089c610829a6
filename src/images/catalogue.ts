import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PerigeeError, parseImageName, reasonOf } from '../domain/index.js';
import type { Architecture, Image, ImageFile } from '../domain/index.js';
import { parseManifest } from './manifest.js';

/** A folder that is no image: named, so that one bad manifest hides nothing and stops nothing else. */
export interface CatalogueProblem {
  readonly folder: string;
  readonly error: PerigeeError;
}

export interface Catalogue {
  list(): Promise<{ readonly images: readonly Image[]; readonly problems: readonly CatalogueProblem[] }>;
  /** @throws PerigeeError `image-unknown` (with the names there are) or `image-invalid`. */
  get(name: string): Promise<Image>;
  /**
   * The size of all files for this architecture, once their contents were found to be what the manifest says. Asked before every start.
   * @throws PerigeeError `image-checksum`, or `image-invalid` when the file cannot be read.
   */
  verify(image: Image, architecture: Architecture): Promise<number>;
}

/** Image folders of `directory`, looked at anew at each call: adding or changing an image needs no restart. */
export function openCatalogue(directory: string): Catalogue {
  const known = new Map<string, Known>();
  return {
    async list() {
      const results = await Promise.all(
        (await folders(directory)).map((name) => load(directory, name, known)),
      );
      return {
        images: results.flatMap((result) => ('error' in result ? [] : [result])),
        problems: results.flatMap((result) => ('error' in result ? [result] : [])),
      };
    },
    async get(text) {
      const name = parseImageName(text);
      const result = await load(directory, name, known);
      if (!('error' in result)) return result;
      const names = await folders(directory);
      throw names.includes(name) ? result.error : unknownImage(name, directory, names);
    },
    verify,
  };
}

/** A manifest as it was when it was parsed: parsing costs a millisecond of every start, a look at the file a tenth. */
interface Known {
  readonly stamp: string;
  readonly image: Image;
}

function unknownImage(name: string, directory: string, names: readonly string[]): PerigeeError {
  const cure = names.length === 0 ? 'Build the images: npm run images' : `There are: ${names.join(', ')}.`;
  return new PerigeeError('image-unknown', `there is no image "${name}" in ${directory}`, cure);
}

async function folders(directory: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries
      .flatMap((entry) => (entry.isDirectory() && !entry.name.startsWith('.') ? [entry.name] : []))
      .sort();
  } catch (cause) {
    const message = `cannot read the image folder ${directory}: ${reasonOf(cause)}`;
    throw new PerigeeError(
      'image-invalid',
      message,
      'Build the images (npm run images) or correct imagesDirectory.',
      {
        cause,
      },
    );
  }
}

async function load(
  directory: string,
  name: string,
  known: Map<string, Known>,
): Promise<Image | CatalogueProblem> {
  const folder = join(directory, name);
  const path = join(folder, 'image.yaml');
  try {
    const { mtimeNs, ctimeNs, size, ino } = await stat(path, { bigint: true });
    const stamp = [mtimeNs, ctimeNs, size, ino].join(':');
    const before = known.get(name);
    if (before?.stamp === stamp) return before.image;
    const image = parseManifest(await readFile(path, 'utf8'), folder);
    if (image.name !== name) throw misplaced(folder, image.name);
    known.set(name, { stamp, image });
    return image;
  } catch (error) {
    return { folder, error: error instanceof PerigeeError ? error : unreadable(folder, error) };
  }
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
  const files = [kernel, initrd, disk].filter((file) => file !== undefined);
  const sizes = await Promise.all(files.map((file) => verifyFile(image, file)));
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function verifyFile(image: Image, { path, sha256 }: ImageFile): Promise<number> {
  const hash = createHash('sha256');
  let size = 0;
  try {
    // In pieces: a disk may be larger than the gateway's memory.
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      size += chunk.length;
    }
  } catch (cause) {
    const message = `cannot read a file of image ${image.name}: ${reasonOf(cause)}`;
    throw new PerigeeError('image-invalid', message, 'Build or add the image again.', { cause });
  }
  const digest = hash.digest('hex');
  if (digest === sha256) return size;
  const message = `${path} is not what its manifest says: sha256 ${digest}, expected ${sha256}`;
  throw new PerigeeError(
    'image-checksum',
    message,
    'Build or add the image again, or find out who changed it.',
  );
}
