import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openCatalogue } from '../../src/images/index.js';
import { failsWith } from '../support/expect.js';
import { tempFolder } from '../support/temp.js';
import { elfFile, fileWith, qcow2, rawDisk } from './support-files.js';

const folder = tempFolder('file-check');
let made = 0;

/** Of an image by hand, whose only file for x86_64 is this. */
async function verified(content: Uint8Array, role = 'kernels', format = ''): Promise<number> {
  made += 1;
  const name = `image-${made}`;
  mkdirSync(join(folder, name));
  writeFileSync(join(folder, name, 'file'), content);
  const sha256 = createHash('sha256').update(content).digest('hex');
  const manifest = [
    `name: ${name}`,
    'version: "1"',
    'flavour: raw',
    'memoryMib: 4',
    `${role}: { x86_64: { file: file, sha256: ${sha256}${format} } }`,
  ];
  writeFileSync(join(folder, name, 'image.yaml'), manifest.join('\n'));
  const catalogue = openCatalogue(folder);
  return catalogue.verify(await catalogue.get(name), 'x86_64');
}

describe('a kernel that is none is told before it is started:', () => {
  const large = Buffer.alloc(1 << 20);
  const wrong: Readonly<Record<string, readonly [Uint8Array, RegExp]>> = {
    'a raw disk': [rawDisk(0x83), /file is a disk, and its manifest gives it as a kernel for x86_64/],
    'a disk without partitions': [rawDisk(0), /is a disk/],
    'a qcow2 disk': [qcow2({}), /is a disk/],
    'a large disk': [Buffer.concat([rawDisk(0x83), large]), /is a disk/],
    'an ELF file for arm64': [elfFile({ machine: 183 }), /is built for arm64/],
    'an ELF file for RISC-V': [elfFile({ machine: 243 }), /is built for RISC-V/],
    'a Linux for arm64': [fileWith(4096, [0x38, 'ARMd']), /is built for arm64/],
  };
  for (const [what, [file, message]] of Object.entries(wrong)) {
    it(what, () => assert.rejects(verified(file), failsWith('image-invalid', message)));
  }

  it('but not what may be one', async () => {
    const bzImage = fileWith(4096, [510, 'U\u00aa'], [0x202, 'HdrS']);
    for (const file of [elfFile({}), elfFile({ bits: 32, machine: 3 }), bzImage, fileWith(64)])
      assert.equal(await verified(file), file.length);
  });
});

describe('a qcow2 disk', () => {
  const asDisk = (content: Uint8Array): Promise<number> => verified(content, 'disks', ', format: qcow2');

  it('that refers to another file of the machine is not given to a guest', async () => {
    const message = /file refers to another file of the machine, which its guest could then read/;
    for (const parts of [{ backingFileAt: 512 }, { features: 4 }])
      await assert.rejects(asDisk(qcow2(parts)), failsWith('image-invalid', message));
  });

  it('that is whole is', async () => {
    assert.equal(await asDisk(qcow2({})), 512);
  });
});
