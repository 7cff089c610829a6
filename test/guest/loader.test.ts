import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { RunRecord } from '../../src/domain/index.js';
import { imageFolder } from '../images/support-folder.js';
import { runToEnd, workshop } from '../runner/support-runner.js';
import { tempFolder } from '../support/temp.js';
import { ROOT, buildImages, exec } from './support-build.js';

const folder = tempFolder('loader');
const images = join(folder, 'images,all');
const { runner, logDirectory } = workshop({ folder, images, architecture: 'x86_64' });
after(() => runner[Symbol.asyncDispose]());

const object = join(folder, 'image.o');

/** An ELF64 whose header says multiboot, with its segments from this address on. */
async function imageAt(address: number): Promise<Buffer> {
  const image = join(folder, `image-${address}`);
  const at = (section: string, offset: number): string =>
    `--section-start=${section}=0x${(address + offset).toString(16)}`;
  const places = [
    at('.multiboot', 0x1000),
    at('.text', 0x2000),
    at('.far', 0x200000),
    at('.farbss', 0x201000),
  ];
  await exec('ld.lld', [
    ...['-z', 'max-page-size=4096', `--image-base=${address}`],
    ...[...places, '-o', image, object],
  ]);
  return readFileSync(image);
}

const KEYS = ['flavour: includeos', 'memoryMib: 16', 'args: from=manifest', 'readyText: loaded'];
const reason = (run: RunRecord): unknown => (run.state.kind === 'ended' ? run.state.reason : run.state);

describe('a 64-bit multiboot image, which QEMU refuses', () => {
  before(async () => {
    await buildImages();
    const source = join(ROOT, 'test', 'guest', 'multiboot64.S');
    await exec('clang', ['--target=x86_64-none-elf', '-c', source, '-o', object]);
    const image = await imageAt(0x200000);
    imageFolder(images, 'whole', KEYS, image);
    imageFolder(images, 'low', KEYS, await imageAt(0x180000));
    imageFolder(
      images,
      'large',
      [...KEYS, 'memoryMib: 4'].filter((key) => key !== 'memoryMib: 16'),
      image,
    );
    imageFolder(images, 'cut', KEYS, image.subarray(0, 3000));
    imageFolder(images, 'text', KEYS, Buffer.alloc(5000, 'no ELF'));
    const broken = Buffer.from(image);
    broken.writeBigUInt64LE(0x1_0020_0000n, 24);
    imageFolder(images, 'lost', KEYS, broken);
  });

  it('is loaded whole, by our loader, with its arguments, commas and all', async () => {
    const run = await runToEnd(runner, 'whole', 'a=1,2');
    const said = readFileSync(join(logDirectory, `${run.id}.log`), 'utf8');
    assert.match(said, /^loaded: \[\S+ from=manifest a=1,2\]$/m);
    assert.deepEqual(reason(run), { kind: 'completed' }, said);
  });

  const refusals = {
    low: /loaded below 2 MiB/,
    large: /too little memory/,
    cut: /a segment of the image is not all there/,
    text: /no 64-bit ELF file/,
    lost: /entry point is in none of its segments/,
  };
  for (const [image, words] of Object.entries(refusals)) {
    it(`that cannot be loaded is a crash, and says why: ${words.source}`, async () => {
      const run = await runToEnd(runner, image);
      assert.match(JSON.stringify(reason(run)), /crashed.*perigee loader/);
      assert.match(JSON.stringify(reason(run)), words);
    });
  }
});
