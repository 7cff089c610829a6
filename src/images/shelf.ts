import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PerigeeError, reasonOf } from '../domain/index.js';

/** A folder of image folders, each with its `image.yaml`. */
export interface Shelf {
  readonly directory: string;
  /** Where the files lie that manifests name, by their checksums; absent where they lie beside their manifest. */
  readonly blobs?: string;
  /** Not shown: an image that is being added can be run by whoever knows its name. */
  readonly hidden?: true;
}

/** What comes with Perigee, or is kept by hand. It must be there. */
export function folderShelf(directory: string): Shelf {
  return { directory };
}

/** What was added; none of it need be there yet. Names that begin with a dot are no images. */
export function addedShelves(directory: string): { readonly added: Shelf; readonly pending: Shelf } {
  const blobs = join(directory, '.blobs');
  return {
    added: { directory, blobs },
    pending: { directory: join(directory, '.pending'), blobs, hidden: true },
  };
}

export function filePath(shelf: Shelf, image: string, file: { file: string; sha256: string }): string {
  if (shelf.blobs === undefined) return join(shelf.directory, image, file.file);
  return blobPath(shelf.blobs, file.sha256);
}

export function blobPath(blobs: string, sha256: string): string {
  return join(blobs, `sha256-${sha256}`);
}

export async function imageFolders(shelf: Shelf): Promise<readonly string[]> {
  try {
    const entries = await readdir(shelf.directory, { withFileTypes: true });
    return entries
      .flatMap((entry) => (entry.isDirectory() && !entry.name.startsWith('.') ? [entry.name] : []))
      .sort();
  } catch (cause) {
    if (shelf.blobs !== undefined && isMissing(cause)) return [];
    const message = `cannot read the image folder ${shelf.directory}: ${reasonOf(cause)}`;
    const cure = 'Build the images (npm run images) or correct imagesDirectory.';
    throw new PerigeeError('image-invalid', message, cure, { cause });
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
