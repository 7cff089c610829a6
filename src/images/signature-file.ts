import { open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeyObject } from 'node:crypto';
import { PerigeeError, reasonOf } from '../domain/index.js';
import { syncFolder, unusedName } from './blobs.js';
import { isMissing } from './shelf.js';
import { signManifest } from './signature.js';

/** Beside the manifest, so that it goes where the image goes. */
export function signaturePath(folder: string): string {
  return join(folder, 'image.sig');
}

/** Its bytes, which are what is signed. */
export function readManifest(folder: string): Promise<Buffer> {
  return readFile(join(folder, 'image.yaml'));
}

/** Undefined where there is none. */
export async function readSignature(folder: string): Promise<string | undefined> {
  try {
    return await readFile(signaturePath(folder), 'latin1');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Signs the manifest as it is. @throws PerigeeError `image-invalid` where the folder may not be written. */
export async function signImage(folder: string, key: KeyObject): Promise<void> {
  const aside = unusedName(folder);
  try {
    const text = signManifest(await readManifest(folder), key);
    await using file = await open(aside, 'wx', 0o644);
    await file.writeFile(text);
    await file.sync();
    await rename(aside, signaturePath(folder));
    await syncFolder(folder);
  } catch (cause) {
    await rm(aside, { force: true }).catch(() => undefined);
    const message = `cannot sign the image in ${folder}: ${reasonOf(cause)}`;
    throw new PerigeeError('image-invalid', message, 'Sign it as a user who may write there.', { cause });
  }
}
