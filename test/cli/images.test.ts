import assert from 'node:assert/strict';
import { appendFileSync, cpSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { BUILT_IMAGES } from '../../src/platform/index.js';
import { lastLine, perigee } from '../support/command.js';
import { tempFolder } from '../support/temp.js';

const folder = tempFolder('images');
const KERNEL = join(BUILT_IMAGES, 'hello', 'kernel-x86_64.elf');

describe('perigee images', () => {
  it('lists without being told to, and knows what is no command of its own', async () => {
    assert.match((await perigee(['images'])).stdout, /^hello +0\.1\.0 /m);
    const { status, stderr } = await perigee(['images', 'lst']);
    assert.equal(status, 2);
    assert.match(stderr, /no command "images lst"/);
  });

  it('shows one image, and what its files are', async () => {
    const { stdout } = await perigee(['images', 'show', 'hello']);
    assert.match(stdout, /x86_64 kernel +kernel-x86_64\.elf: ELF 64-bit for x86_64/);
    const json = await perigee(['images', 'show', 'hello', '--json']);
    const { added, files } = JSON.parse(lastLine(json.stdout)) as { added: boolean; files: unknown[] };
    assert.deepEqual([added, files.length], [false, 3]);
    assert.equal((await perigee(['images', 'show', 'none'])).status, 10);
  });

  it('verifies every file, and ends with the status of the first that is wrong', async () => {
    const all = await perigee(['images', 'verify']);
    assert.equal(all.status, 0);
    for (const name of ['hello', 'hostsense']) {
      assert.equal(all.stdout.match(new RegExp(`^ok +${name} for`, 'gm'))?.length, 3);
    }
    cpSync(join(BUILT_IMAGES, 'hello'), join(folder, 'hello'), { recursive: true });
    appendFileSync(join(folder, 'hello', 'kernel-arm64.elf'), 'x');
    const { status, stdout } = await perigee([
      'images',
      'verify',
      '--json',
      '--set',
      `imagesDirectory=${folder}`,
    ]);
    assert.equal(status, 12);
    const verdicts = JSON.parse(lastLine(stdout)) as { ok: boolean; problem?: string }[];
    assert.deepEqual(
      verdicts.map(({ ok }) => ok),
      [true, false, true],
    );
    assert.match(verdicts[1]?.problem ?? '', /kernel-arm64\.elf is not what its manifest says/);
  });

  it('says what a file is', async () => {
    const { status, stdout } = await perigee(['images', 'inspect', KERNEL]);
    assert.equal(status, 0);
    assert.match(stdout, /ELF 64-bit for x86_64/);
    assert.match(stdout, /flavour +perigee, because its ELF note says Perigee/);
    const json = await perigee(['images', 'inspect', KERNEL, '--json']);
    const { detected } = JSON.parse(lastLine(json.stdout)) as { detected: { protocol: string } };
    assert.equal(detected.protocol, 'pvh');
  });
});
