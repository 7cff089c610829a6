import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseImageName, type ImageFile } from '../../src/domain/index.js';
import { openAddedImages, openCatalogue, type Catalogue } from '../../src/images/index.js';
import { failsWith } from '../support/expect.js';
import { tempFolder } from '../support/temp.js';

const folder = tempFolder('added-images');
const shipped = join(folder, 'shipped');
mkdirSync(shipped);
const NEVER = new AbortController().signal;
const [A, B, C] = [parseImageName('a'), parseImageName('b'), parseImageName('c')];

function source(name: string, content: string): ImageFile {
  const path = join(folder, name);
  writeFileSync(path, content);
  return { path, sha256: createHash('sha256').update(content).digest('hex') };
}

const KERNEL = source('kernel', 'a kernel');
const OTHER = source('other', 'another kernel');

function manifest(name: string, { sha256 }: ImageFile): string {
  const kernel = `kernels: { x86_64: { file: k, sha256: ${sha256} } }`;
  return [`name: ${name}`, 'version: "1"', 'flavour: raw', 'memoryMib: 4', kernel, ''].join('\n');
}

let made = 0;

function fresh(): {
  directory: string;
  names: () => Promise<readonly string[]>;
  blobs: () => readonly string[];
  catalogue: Catalogue;
} {
  made += 1;
  const directory = join(folder, `data-${made}`, 'images');
  const catalogue = openCatalogue(shipped, { added: directory });
  return {
    ...{ catalogue, directory },
    names: async () => (await catalogue.list()).images.map(({ name }) => name),
    blobs: () => readdirSync(join(directory, '.blobs')).map((name) => name.slice('sha256-'.length)),
  };
}

async function addWhole(directory: string, name: typeof A, file: ImageFile): Promise<void> {
  await (
    await openAddedImages(directory).begin({ name, manifest: manifest(name, file), files: [file] }, NEVER)
  ).publish();
}

describe('an image that is added', () => {
  it('is shown only once it is published, and can be run before', async () => {
    const { directory, names } = fresh();
    const pending = await openAddedImages(directory).begin(
      { name: A, manifest: manifest('a', KERNEL), files: [KERNEL] },
      NEVER,
    );
    assert.deepEqual(await names(), []);
    const catalogue = openCatalogue(shipped, { added: directory });
    assert.equal(await catalogue.verify(await catalogue.get('a'), 'x86_64'), 'a kernel'.length);
    await pending.publish();
    assert.deepEqual(await names(), ['a']);
    assert.equal((await catalogue.entry('a')).added, true);
  });

  it('leaves nothing when it is discarded', async () => {
    const { directory, blobs, names } = fresh();
    const pending = await openAddedImages(directory).begin(
      { name: A, manifest: manifest('a', KERNEL), files: [KERNEL] },
      NEVER,
    );
    await pending.discard();
    assert.deepEqual([await names(), blobs(), readdirSync(join(directory, '.pending'))], [[], [], []]);
  });

  it('keeps a file that another one has too, for as long as one of them needs it', async () => {
    const { directory, blobs, names } = fresh();
    await addWhole(directory, A, KERNEL);
    await addWhole(directory, B, KERNEL);
    assert.deepEqual(blobs(), [KERNEL.sha256]);
    await openAddedImages(directory).remove(A);
    assert.deepEqual([await names(), blobs()], [['b'], [KERNEL.sha256]]);
    await openAddedImages(directory).remove(B);
    assert.deepEqual([await names(), blobs()], [[], []]);
  });

  it('does not lose its files to one of the same files that is removed or fails meanwhile', async () => {
    const { directory, blobs } = fresh();
    await addWhole(directory, A, KERNEL);
    const pending = await openAddedImages(directory).begin(
      { name: B, manifest: manifest('b', KERNEL), files: [KERNEL] },
      NEVER,
    );
    await openAddedImages(directory).remove(A);
    assert.deepEqual(blobs(), [KERNEL.sha256]);
    await pending.publish();
    assert.deepEqual(blobs(), [KERNEL.sha256]);
  });

  it('mends a file that was changed on the disk', async () => {
    const { directory } = fresh();
    await addWhole(directory, A, KERNEL);
    const blob = join(directory, '.blobs', `sha256-${KERNEL.sha256}`);
    chmodSync(blob, 0o644);
    writeFileSync(blob, 'rotten');
    await addWhole(directory, B, KERNEL);
    assert.equal(readFileSync(blob, 'utf8'), 'a kernel');
  });

  it('is refused under a name that is taken, and takes nothing with it', async () => {
    const { directory, blobs } = fresh();
    await addWhole(directory, A, KERNEL);
    const again = openAddedImages(directory).begin(
      { name: A, manifest: manifest('a', OTHER), files: [OTHER] },
      NEVER,
    );
    await assert.rejects(again, failsWith('image-in-use', /there is an image a already/));
    assert.deepEqual(blobs(), [KERNEL.sha256]);
  });

  it('takes the place of one of its name in one step, where it is to, and takes nothing before', async () => {
    const { directory, blobs, catalogue } = fresh();
    await addWhole(directory, A, KERNEL);
    const added = openAddedImages(directory);
    const other = { name: A, manifest: manifest('a', OTHER), files: [OTHER], replaces: true } as const;
    await (await added.begin(other, NEVER)).discard();
    assert.deepEqual(blobs(), [KERNEL.sha256]);
    const pending = await added.begin({ ...other, signature: 'of the new one' }, NEVER);
    const digest = async (isPending?: true): Promise<unknown> =>
      (await catalogue.get('a', isPending)).boot.x86_64?.kernel?.sha256;
    assert.deepEqual([await digest(), await digest(true)], [KERNEL.sha256, OTHER.sha256]);
    await pending.publish();
    assert.equal(await digest(), OTHER.sha256);
    await assert.rejects(catalogue.get('a', true), failsWith('image-unknown', /no image "a" is being added/));
    assert.deepEqual(blobs(), [OTHER.sha256]);
    assert.deepEqual(readdirSync(join(directory, 'a')), ['image.sig', 'image.yaml']);
    await (
      await added.begin({ name: A, manifest: manifest('a', KERNEL), files: [KERNEL], replaces: true }, NEVER)
    ).publish();
    assert.deepEqual(readdirSync(join(directory, 'a')), ['image.yaml']);
  });

  it('is added where the one that it was to replace is gone', async () => {
    const { directory, names } = fresh();
    await addWhole(directory, A, KERNEL);
    const added = openAddedImages(directory);
    const pending = await added.begin(
      { name: A, manifest: manifest('a', OTHER), files: [OTHER], replaces: true },
      NEVER,
    );
    await added.remove(A);
    await pending.publish();
    assert.deepEqual(await names(), ['a']);
  });

  it('is added by one of two commands that add it at once', async () => {
    const { directory, names } = fresh();
    const begin = (file: ImageFile): Promise<unknown> =>
      openAddedImages(directory).begin({ name: B, manifest: manifest('b', file), files: [file] }, NEVER);
    const results = await Promise.allSettled([begin(KERNEL), begin(OTHER)]);
    const failed = results.flatMap((result) =>
      result.status === 'rejected' ? [result.reason as unknown] : [],
    );
    assert.equal(failed.length, 1);
    failsWith('image-in-use', /is adding an image b/)(failed[0]);
    assert.deepEqual(await names(), []);
  });

  it('is refused when a file is not what was summed, is gone, or has no room', async () => {
    const { directory, blobs, names } = fresh();
    const begin = (file: ImageFile): Promise<unknown> =>
      openAddedImages(directory).begin(
        { name: A, manifest: manifest('a', file), files: [KERNEL, file] },
        NEVER,
      );
    const wrong = { ...OTHER, sha256: '0'.repeat(64) };
    await assert.rejects(begin(wrong), failsWith('image-checksum', /is not what its manifest says/));
    const gone = { ...OTHER, path: join(folder, 'gone') };
    await assert.rejects(begin(gone), failsWith('image-invalid', /cannot read .*gone/));
    assert.deepEqual([await names(), blobs().filter((sum) => sum !== KERNEL.sha256)], [[], []]);
  });

  it('ends at once when it is told to, in the middle of a file', async () => {
    const { directory, blobs } = fresh();
    const stopped = new AbortController();
    stopped.abort();
    const begin = openAddedImages(directory).begin(
      { name: A, manifest: manifest('a', KERNEL), files: [KERNEL] },
      stopped.signal,
    );
    await assert.rejects(begin);
    assert.deepEqual(blobs(), []);
  });

  it('cannot be written where that is not allowed, and says so', async () => {
    const file = join(folder, 'no-folder');
    writeFileSync(file, '');
    const begin = openAddedImages(join(file, 'images')).begin(
      { name: A, manifest: manifest('a', KERNEL), files: [KERNEL] },
      NEVER,
    );
    await assert.rejects(begin, failsWith('data-dir-unusable', /cannot change the images in/));
  });
});

describe('what a command that was killed left', () => {
  it('is taken away by the next one, once its process is gone', async () => {
    const { directory, blobs, names } = fresh();
    await openAddedImages(directory).begin(
      { name: A, manifest: manifest('a', KERNEL), files: [KERNEL] },
      NEVER,
    );
    const owner = join(directory, '.pending', 'a', 'owner');
    assert.equal(readFileSync(owner, 'utf8'), String(process.pid));
    writeFileSync(owner, '999999999');
    await addWhole(directory, B, OTHER);
    assert.deepEqual([await names(), blobs()], [['b'], [OTHER.sha256]]);
  });

  it('is left alone while it may be at work', async () => {
    const { directory, names } = fresh();
    const pending = await openAddedImages(directory).begin(
      { name: A, manifest: manifest('a', KERNEL), files: [KERNEL] },
      NEVER,
    );
    await addWhole(directory, B, OTHER);
    await pending.publish();
    assert.deepEqual(await names(), ['a', 'b']);
  });

  it('is taken away at once where it was copying, however large it is', async () => {
    const { directory } = fresh();
    await addWhole(directory, A, KERNEL);
    const copy = join(directory, '.blobs', '.aside-999999999-12');
    writeFileSync(copy, 'the beginning of a disk');
    await addWhole(directory, B, OTHER);
    assert.ok(!existsSync(copy));
  });

  it('is no image, and is taken away after a day though another process has its number', async () => {
    const { directory, blobs, names } = fresh();
    await addWhole(directory, A, KERNEL);
    const aside = join(directory, `.aside-${process.pid}-12`);
    mkdirSync(aside);
    writeFileSync(join(aside, 'image.yaml'), manifest('b', KERNEL));
    writeFileSync(join(directory, '.blobs', `sha256-${OTHER.sha256}`), 'of no image');
    await addWhole(directory, B, KERNEL);
    assert.deepEqual(await names(), ['a', 'b']);
    assert.ok(existsSync(aside));
    const later = openAddedImages(directory, () => Date.now() + 2 * 24 * 3_600_000);
    await (await later.begin({ name: C, manifest: manifest('c', KERNEL), files: [KERNEL] }, NEVER)).publish();
    assert.ok(!existsSync(aside));
    assert.deepEqual([await names(), blobs()], [['a', 'b', 'c'], [KERNEL.sha256]]);
  });
});

describe('an image that is removed', () => {
  it('must have been added', async () => {
    const { directory } = fresh();
    await assert.rejects(
      openAddedImages(directory).remove(A),
      failsWith('image-unknown', /no image a was added/),
    );
  });

  it('may have a manifest that nobody can read', async () => {
    const { directory, blobs, names } = fresh();
    await addWhole(directory, A, KERNEL);
    await addWhole(directory, B, OTHER);
    writeFileSync(join(directory, 'a', 'image.yaml'), `name: [ ${KERNEL.sha256}`);
    await openAddedImages(directory).remove(B);
    assert.deepEqual(blobs(), [KERNEL.sha256]);
    await openAddedImages(directory).remove(A);
    assert.deepEqual([await names(), blobs()], [[], []]);
  });
});
