import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { BUILT_IMAGES } from '../../src/platform/index.js';
import { lastLine, perigee } from '../support/command.js';

const KERNEL = join(BUILT_IMAGES, 'hello', 'kernel-x86_64.elf');

describe('perigee images', () => {
  it('lists without being told to, and knows what is no command of its own', async () => {
    assert.match((await perigee(['images'])).stdout, /^hello +0\.1\.0 /m);
    const { status, stderr } = await perigee(['images', 'lst']);
    assert.equal(status, 2);
    assert.match(stderr, /no command "images lst"/);
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
