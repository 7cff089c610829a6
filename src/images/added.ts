import { access, mkdir, open, readFile, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PerigeeError, reasonOf, type ImageFile, type ImageName } from '../domain/index.js';
import { ASIDE, dropBlobs, putBlob, syncFolder, unusedName } from './blobs.js';
import { isAlive, oldNames } from './leftovers.js';
import { signaturePath } from './signature-file.js';
import { addedShelves, blobPath, imageFolders, isMissing, type Shelf } from './shelf.js';

/** What was added to a data directory, to change it. One command may do so beside others, and be killed at any point. */
export interface AddedImages {
  /**
   * Copies the files, and from then on the image can be run by whoever knows its name; it is shown to nobody.
   * @throws PerigeeError `image-in-use` where the name is taken and not to be replaced, `image-invalid`, `image-checksum` or `data-dir-unusable`.
   */
  begin(image: NewImage, stopped: AbortSignal): Promise<PendingImage>;
  /** @throws PerigeeError `image-unknown`. */
  remove(name: ImageName): Promise<void>;
}

export interface NewImage {
  readonly name: ImageName;
  /** Its text, as it will lie on the disk. */
  readonly manifest: string;
  /** Of it, where there is one. */
  readonly signature?: string;
  /** Where they are now. */
  readonly files: readonly ImageFile[];
  /** It takes the place of one that was added under the same name. */
  readonly replaces?: true;
}

export interface PendingImage {
  /** Shows it. */
  publish(): Promise<void>;
  /** Leaves nothing of it. */
  discard(): Promise<void>;
}

const MANIFEST = 'image.yaml';
/** Of the command that adds the image; it is gone once the image is shown. */
const OWNER = 'owner';

export function openAddedImages(directory: string, wallMs: () => number = Date.now): AddedImages {
  const { added, pending } = addedShelves(directory);
  const blobs = join(directory, '.blobs');
  const used = (): Promise<ReadonlySet<string>> => digestsOf([added, pending]);

  async function drop(shelf: Shelf, name: string): Promise<void> {
    const folder = join(shelf.directory, name);
    const digests = await digestsIn(join(folder, MANIFEST));
    // At once, so that no half of an image is left where it is looked for.
    const aside = unusedName(directory);
    await rename(folder, aside);
    await rm(aside, { recursive: true, force: true });
    await dropBlobs(blobs, digests, used);
  }

  async function publish(name: ImageName, replaces: boolean): Promise<void> {
    const from = join(pending.directory, name);
    if (replaces && (await isThere(join(directory, name)))) return replace(name, from);
    await rm(join(from, OWNER), { force: true });
    try {
      // An empty folder of that name would be replaced; one with a manifest is not.
      await rename(from, join(directory, name));
    } catch (cause) {
      if (await isThere(join(directory, name))) throw taken(name);
      throw cause;
    }
    await syncFolder(directory);
  }

  /** File by file, so that there is an image of the name at any moment; one whose signature is not its own runs nowhere. */
  async function replace(name: ImageName, from: string): Promise<void> {
    const to = join(directory, name);
    const before = await digestsIn(join(to, MANIFEST));
    const isSigned = await isThere(signaturePath(from));
    if (isSigned) await rename(signaturePath(from), signaturePath(to));
    await rename(join(from, MANIFEST), join(to, MANIFEST));
    if (!isSigned) await rm(signaturePath(to), { force: true });
    await syncFolder(to);
    await drop(pending, name);
    await dropBlobs(blobs, before, used);
  }

  return {
    begin: ({ files, manifest, name, replaces = false, signature }, stopped) =>
      translated(directory, async () => {
        await mkdir(blobs, { recursive: true });
        await mkdir(pending.directory, { recursive: true });
        await sweep();
        await needPlace(name, replaces);
        try {
          for (const { path, sha256 } of files) await putBlob(blobs, path, sha256, stopped);
          await writePending(name, manifest, signature);
        } catch (error) {
          await dropBlobs(blobs, digestsInText(manifest), used);
          throw error;
        }
        await needBlobs(manifest);
        return {
          publish: () => translated(directory, () => publish(name, replaces)),
          discard: () => translated(directory, () => drop(pending, name)),
        };
      }),
    remove: (name) =>
      translated(directory, async () => {
        const shelf = (await isThere(join(directory, name))) ? added : pending;
        if (!(await isThere(join(shelf.directory, name)))) throw notAdded(name);
        await drop(shelf, name);
      }),
  };

  /** What commands left that were killed. */
  async function sweep(): Promise<void> {
    for (const name of await imageFolders(pending)) {
      if (!isAlive(await ownerOf(name))) await drop(pending, name);
    }
    const nowMs = wallMs();
    for (const folder of [directory, pending.directory, blobs]) {
      const old = await oldNames(folder, nowMs);
      const aside = (await readdir(folder)).filter((name) => name.startsWith(ASIDE));
      // Its number may be another process's by now.
      for (const name of aside.filter((each) => old.includes(each) || !isAlive(processOf(each))))
        await rm(join(folder, name), { recursive: true, force: true });
    }
    const old = (await oldNames(blobs, nowMs)).map((name) => name.replace(/^sha256-/, ''));
    await dropBlobs(blobs, old, used);
  }

  async function needPlace(name: ImageName, replaces: boolean): Promise<void> {
    if (!replaces && (await isThere(join(directory, name)))) throw taken(name);
    if (await isThere(join(pending.directory, name))) throw await beingAdded(name);
  }

  async function beingAdded(name: ImageName): Promise<PerigeeError> {
    const message = `process ${await ownerOf(name)} is adding an image ${name}`;
    return new PerigeeError('image-in-use', message, 'Wait for it, or give another --name.');
  }

  async function ownerOf(name: string): Promise<number> {
    return Number(await readFile(join(pending.directory, name, OWNER), 'utf8').catch(() => ''));
  }

  async function writePending(
    name: ImageName,
    manifest: string,
    signature: string | undefined,
  ): Promise<void> {
    const aside = unusedName(pending.directory);
    await mkdir(aside);
    await writeFileSynced(join(aside, MANIFEST), manifest);
    if (signature !== undefined) await writeFileSynced(signaturePath(aside), signature);
    await writeFileSynced(join(aside, OWNER), String(process.pid));
    await syncFolder(aside);
    try {
      await rename(aside, join(pending.directory, name));
    } catch (cause) {
      await rm(aside, { recursive: true, force: true });
      throw (await isThere(join(pending.directory, name))) ? await beingAdded(name) : cause;
    }
    await syncFolder(pending.directory);
  }

  /** They were put there before anything named them. */
  async function needBlobs(manifest: string): Promise<void> {
    for (const sha256 of digestsInText(manifest)) {
      if (await isThere(blobPath(blobs, sha256))) continue;
      const message = 'another command removed an image with the same files meanwhile';
      throw new PerigeeError('image-in-use', message, 'Add it again.');
    }
  }
}

function processOf(aside: string): number {
  return Number.parseInt(aside.slice(ASIDE.length), 10);
}

/** A manifest that cannot be parsed keeps its files all the same. */
async function digestsOf(shelves: readonly Shelf[]): Promise<ReadonlySet<string>> {
  const digests = new Set<string>();
  for (const shelf of shelves) {
    for (const name of await imageFolders(shelf)) {
      for (const digest of await digestsIn(join(shelf.directory, name, MANIFEST))) digests.add(digest);
    }
  }
  return digests;
}

async function digestsIn(manifest: string): Promise<readonly string[]> {
  try {
    return digestsInText(await readFile(manifest, 'utf8'));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

function digestsInText(manifest: string): readonly string[] {
  return manifest.match(/\b[0-9a-f]{64}\b/g) ?? [];
}

async function writeFileSynced(path: string, text: string): Promise<void> {
  await using file = await open(path, 'wx');
  await file.writeFile(text);
  await file.sync();
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function taken(name: string): PerigeeError {
  const cure = 'Give another --name, or put this one in its place: --replace';
  return new PerigeeError('image-in-use', `there is an image ${name} already`, cure);
}

function notAdded(name: string): PerigeeError {
  const cure = 'perigee images ls shows which images were added.';
  return new PerigeeError('image-unknown', `no image ${name} was added`, cure);
}

async function translated<T>(directory: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    if (cause instanceof PerigeeError) throw cause;
    const message = `cannot change the images in ${directory}: ${reasonOf(cause)}`;
    const cure = 'Make room, correct the permissions, or choose another --data.';
    throw new PerigeeError('data-dir-unusable', message, cure, { cause });
  }
}
