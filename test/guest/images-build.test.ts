import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, readdir, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parse } from 'yaml';
import { IMAGES, ROOT, buildImages, exec, temporaryFolder, type TemporaryFolder } from './support-build.js';

const NAMES = ['hello', 'hostsense', 'netsense'];
const ARCHES = ['x86_64', 'arm64', 'armv7'];
const X86_MAX_BYTES = 32 * 1024;

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly kernels: Readonly<Record<string, { readonly file: string; readonly sha256: string }>>;
}

async function readManifest(folder: string): Promise<Manifest> {
  return parse(await readFile(join(folder, 'image.yaml'), 'utf8')) as Manifest;
}

const kernels = NAMES.flatMap((name) => ARCHES.map((arch) => join(name, `kernel-${arch}.elf`)));

describe('the images’ build', () => {
  let folder: TemporaryFolder;
  let build: string;

  before(async () => {
    folder = await temporaryFolder();
    build = join(folder.path, 'first');
    await buildImages(`BUILD=${build}`);
  });
  after(() => folder[Symbol.asyncDispose]());

  it('writes a manifest with the checksum of every kernel, below what the source manifest says', async () => {
    for (const name of NAMES) {
      const manifest = await readManifest(join(build, name));
      const source = await readFile(join(IMAGES, name, 'image.yaml'), 'utf8');
      assert.ok((await readFile(join(build, name, 'image.yaml'), 'utf8')).startsWith(source));
      assert.deepEqual(Object.keys(manifest.kernels), ARCHES);
      for (const { file, sha256 } of Object.values(manifest.kernels)) {
        const bytes = await readFile(join(build, name, file));
        assert.equal(createHash('sha256').update(bytes).digest('hex'), sha256);
      }
    }
  });

  it('gives the same bytes in another folder', async () => {
    const again = join(folder.path, 'second');
    await buildImages(`BUILD=${again}`, '-j2');
    for (const kernel of kernels) {
      assert.deepEqual(await readFile(join(again, kernel)), await readFile(join(build, kernel)), kernel);
    }
  });

  it('has no path of this machine in a kernel', async () => {
    for (const kernel of kernels) {
      const bytes = await readFile(join(build, kernel));
      for (const path of [ROOT, folder.path]) assert.equal(bytes.indexOf(path), -1, `${path} in ${kernel}`);
    }
  });

  it('keeps the x86_64 kernels below 32 KiB', async () => {
    for (const name of NAMES) {
      const { size } = await stat(join(build, name, 'kernel-x86_64.elf'));
      assert.ok(size < X86_MAX_BYTES, `${name} has ${size} bytes`);
    }
  });

  it('has no segment that can be both written and executed', async () => {
    for (const kernel of kernels) {
      for (const { type, flags } of segments(await readFile(join(build, kernel)))) {
        assert.ok(type !== PT_LOAD || (flags & WRITE_EXECUTE) !== WRITE_EXECUTE, kernel);
      }
    }
  });

  it('builds nothing again when nothing has changed, and only what has', async () => {
    const times = async (): Promise<number[]> =>
      Promise.all(kernels.map(async (kernel) => (await stat(join(build, kernel))).mtimeMs));
    const before = await times();
    await buildImages(`BUILD=${build}`);
    assert.deepEqual(await times(), before);
    const object = join(build, '.objects', 'arm64', 'hello', 'main.o');
    await utimes(object, 0, 0);
    await buildImages(`BUILD=${build}`);
    const changed = (await times())
      .map((time, index) => (time === before[index] ? [] : [kernels[index]]))
      .flat();
    assert.deepEqual(changed, ['hello/kernel-arm64.elf']);
  });

  it('builds for the architectures that it was asked for, and says so in the manifest', async () => {
    const some = join(folder.path, 'some');
    await buildImages(`BUILD=${some}`, 'ARCHES=x86_64');
    for (const name of NAMES) {
      assert.deepEqual((await readdir(join(some, name))).sort(), ['image.yaml', 'kernel-x86_64.elf']);
      assert.deepEqual(Object.keys((await readManifest(join(some, name))).kernels), ['x86_64']);
    }
  });

  it('says which architectures there are when it is asked for another', async () => {
    const build = exec('make', ['-C', IMAGES, `BUILD=${join(folder.path, 'none')}`, 'ARCHES=riscv64']);
    await assert.rejects(build, /ARCH is "riscv64"; it can be x86_64, arm64 or armv7/);
  });
});

const PT_LOAD = 1;
const WRITE_EXECUTE = 3;

/** The program headers of a little-endian ELF file (System V ABI, chapter 5). */
function segments(elf: Buffer): { type: number; flags: number }[] {
  const is64 = elf[4] === 2;
  const start = is64 ? Number(elf.readBigUInt64LE(32)) : elf.readUInt32LE(28);
  const [bytes, count] = [elf.readUInt16LE(is64 ? 54 : 42), elf.readUInt16LE(is64 ? 56 : 44)];
  return Array.from({ length: count }, (_, index) => {
    const at = start + index * bytes;
    return { type: elf.readUInt32LE(at), flags: elf.readUInt32LE(at + (is64 ? 4 : 24)) };
  });
}
