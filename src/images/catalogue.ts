import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PerigeeError, parseImageName, reasonOf, type Architecture, type Image } from '../domain/index.js';
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
   * The kernel's size in bytes, once its content was found to be what the manifest says. Asked before every start.
   * @throws PerigeeError `image-checksum`, or `image-invalid` when the file cannot be read.
   */
  verify(image: Image, architecture: Architecture): Promise<number>;
}

/** Image folders of `directory`, read anew at each call: adding an image needs no restart. */
export function openCatalogue(directory: string): Catalogue {
  return {
    async list() {
      const results = await Promise.all((await folders(directory)).map((name) => load(directory, name)));
      return {
        images: results.flatMap((result) => ('error' in result ? [] : [result])),
        problems: results.flatMap((result) => ('error' in result ? [result] : [])),
      };
    },
    async get(text) {
      const name = parseImageName(text);
      const names = await folders(directory);
      if (!names.includes(name)) {
        const message = `there is no image "${name}" in ${directory}`;
        const cure =
          names.length === 0 ? 'Build the images: npm run images' : `There are: ${names.join(', ')}.`;
        throw new PerigeeError('image-unknown', message, cure);
      }
      const result = await load(directory, name);
      if ('error' in result) throw result.error;
      return result;
    },
    verify,
  };
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

async function load(directory: string, name: string): Promise<Image | CatalogueProblem> {
  const folder = join(directory, name);
  try {
    const image = parseManifest(await readFile(join(folder, 'image.yaml'), 'utf8'), folder);
    if (image.name !== name) throw misplaced(folder, image.name);
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
  const kernel = image.kernels[architecture];
  if (!kernel)
    throw new PerigeeError('run-refused', `image ${image.name} has no ${architecture} kernel`, 'Build it.');
  let bytes: Buffer;
  try {
    bytes = await readFile(kernel.path);
  } catch (cause) {
    const message = `cannot read the kernel of image ${image.name}: ${reasonOf(cause)}`;
    throw new PerigeeError('image-invalid', message, 'Build the image again: npm run images', { cause });
  }
  const digest = createHash('sha256').update(bytes).digest('hex');
  if (digest === kernel.sha256) return bytes.length;
  const message = `${kernel.path} is not what its manifest says: sha256 ${digest}, expected ${kernel.sha256}`;
  throw new PerigeeError(
    'image-checksum',
    message,
    'Build the image again (npm run images), or find out who changed it.',
  );
}
