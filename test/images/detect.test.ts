import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { detect, type Detected } from '../../src/images/detect.js';
import { lookAt } from '../../src/images/index.js';
import { BUILT_IMAGES } from '../../src/platform/index.js';
import { failsWith } from '../support/expect.js';
import { tempFolder } from '../support/temp.js';
import {
  HERMIT_NOTE,
  PERIGEE_NOTE,
  PVH_NOTE,
  elfFile,
  fileWith,
  qcow2,
  rawDisk,
  solo5Notes,
  word,
} from './support-files.js';

const VIRTIO = 3;
const XEN = 6;
const HAS_ADDRESSES = 0x10003;
const SOLO5 = {
  multibootFlags: HAS_ADDRESSES,
  notes: solo5Notes(VIRTIO, [
    ['service', 2],
    ['storage', 1],
  ]),
};

/** Role, architecture, flavour and protocol, as `kernel x86_64 osv pvh`; `-` for what is not said. */
function summary({ role, architecture, family, protocol }: Detected): string {
  return [role, architecture ?? '-', family?.flavour ?? '-', protocol ?? '-'].join(' ');
}

const KNOWN: readonly (readonly [what: string, file: Uint8Array, expected: string])[] = [
  ['a guest of ours', elfFile({ notes: [PVH_NOTE, PERIGEE_NOTE] }), 'kernel x86_64 perigee pvh'],
  ['a guest of ours for arm64', elfFile({ machine: 183, notes: [PERIGEE_NOTE] }), 'kernel arm64 perigee elf'],
  [
    'a guest of ours for armv7',
    elfFile({ bits: 32, machine: 40, notes: [PERIGEE_NOTE] }),
    'kernel armv7 perigee elf',
  ],
  [
    'Unikraft, an ELF32 with a multiboot header',
    elfFile({ bits: 32, machine: 3, multibootFlags: 3, text: '.uk_inittab' }),
    'kernel x86_64 unikraft multiboot',
  ],
  ['Unikraft for arm64', fileWith(128, [0x38, 'ARMd'], [80, 'libukboot']), 'kernel arm64 unikraft linux'],
  ['a Solo5 image', elfFile(SOLO5), 'kernel x86_64 mirage multiboot'],
  [
    'Rumprun, an ELF64 whose multiboot header has addresses',
    elfFile({ multibootFlags: HAS_ADDRESSES, text: 'rumprun' }),
    'kernel x86_64 rumprun multiboot',
  ],
  [
    'OSv, an ELF64 with a PVH note',
    elfFile({ notes: [PVH_NOTE], text: '_ZN3osv4mainE' }),
    'kernel x86_64 osv pvh',
  ],
  [
    'IncludeOS, an ELF64 whose multiboot header has none',
    elfFile({ multibootFlags: 3, text: '#include<os> // Literally' }),
    'kernel x86_64 includeos -',
  ],
  ['a Hermit program', elfFile({ notes: [HERMIT_NOTE] }), 'kernel x86_64 hermit -'],
  ['a bzImage', fileWith(1024, [0x202, 'HdrS'], [510, '\u0055\u00aa']), 'kernel x86_64 linux linux'],
  [
    'an arm64 Image that is Linux',
    fileWith(256, [0x38, 'ARMd'], [100, 'Linux version 6.1']),
    'kernel arm64 linux linux',
  ],
  ['an arm64 Image that does not say whose', fileWith(256, [0x38, 'ARMd']), 'kernel arm64 - linux'],
  ['a zImage', Buffer.concat([Buffer.alloc(0x24), word(0x016f2818)]), 'kernel armv7 linux linux'],
  ['a Nanos disk', rawDisk(0x83, 'NVMTFS'), 'disk - nanos -'],
  ['a disk with a boot sector and no partition', rawDisk(0), 'disk - - -'],
  ['a qcow2 disk', qcow2({}), 'disk - - -'],
  ['an ELF32 without a way to start it', elfFile({ bits: 32, machine: 3 }), 'kernel x86_64 - -'],
  ['a kernel for RISC-V', elfFile({ machine: 243 }), 'other - - -'],
  ['an initrd', fileWith(512, [0, '070701']), 'initrd - - -'],
  ['nothing', new Uint8Array(), 'other - - -'],
  ['a text', Buffer.from('name: hello\n'), 'other - - -'],
];

describe('a file is known by its content:', () => {
  for (const [what, file, expected] of KNOWN) {
    it(what, () => assert.equal(summary(detect(file)), expected));
  }

  it('our own guests, as they are built, on every architecture', async () => {
    for (const architecture of ['x86_64', 'arm64', 'armv7'] as const) {
      const { detected } = await lookAt(join(BUILT_IMAGES, 'hello', `kernel-${architecture}.elf`));
      assert.equal(detected.architecture, architecture);
      assert.equal(detected.family?.flavour, 'perigee');
    }
  });

  it('its evidence is told', () => {
    assert.match(detect(elfFile(SOLO5)).family?.why ?? '', /Solo5/);
    assert.match(detect(rawDisk(0x83, 'NVMTFS')).family?.why ?? '', /NVMTFS/);
  });

  it('a disk by its partition table', () => {
    assert.equal(detect(rawDisk(0x83)).format, 'raw disk with an MBR');
    const gpt = rawDisk(0xee);
    gpt.write('EFI PART', 512);
    assert.equal(detect(gpt).format, 'raw disk with a GPT');
  });

  it('the devices that a Solo5 image must have', () => {
    assert.deepEqual(detect(elfFile(SOLO5)).solo5, {
      target: 'virtio',
      devices: [
        { kind: 'net', name: 'service' },
        { kind: 'block', name: 'storage' },
      ],
    });
  });

  it('a name of a device that would write to the terminal is made harmless', () => {
    const { solo5 } = detect(elfFile({ notes: solo5Notes(VIRTIO, [['\u001b[2J', 2]]) }));
    assert.deepEqual(solo5?.devices, [{ kind: 'net', name: '?[2J' }]);
  });

  it('a text counts only where no other family has left one, and Linux last', () => {
    const flavourOf = (text: string): unknown => detect(elfFile({ text })).family?.flavour;
    assert.equal(flavourOf('Linux version 6.1 of OSv v0.57'), 'osv');
    assert.equal(flavourOf('rumprun IncludeOS'), undefined);
  });
});

const TROUBLE: readonly (readonly [what: string, file: Uint8Array, text: RegExp, cure: RegExp])[] = [
  ['nothing', new Uint8Array(), /empty/, /Give a kernel/],
  ['a program for Linux', elfFile({}), /neither a multiboot header nor a PVH note/, /Build it as a kernel/],
  ['a 64-bit multiboot file of nobody’s', elfFile({ multibootFlags: 3 }), /takes no 64-bit file/, /--initrd/],
  ['a Hermit program without its loader', elfFile({ notes: [HERMIT_NOTE] }), /by its loader/, /--initrd/],
  [
    'a Solo5 image for Xen',
    elfFile({ notes: solo5Notes(XEN, []) }),
    /built for Solo5's xen/,
    /hvt, spt or virtio/,
  ],
  ['a kernel for MIPS', elfFile({ machine: 8 }), /built for MIPS/, /x86_64, arm64 or armv7/],
  ['an initrd', fileWith(16, [0, '070701']), /starts nothing/, /--initrd/],
  ['a VMDK', fileWith(512, [0, 'KDMV']), /VMDK disk cannot be attached/, /qemu-img convert/],
  ['qcow of the first version', qcow2({ version: 1 }), /qcow disk cannot/, /qemu-img convert/],
  ['a qcow2 with a backing file', qcow2({ backingFileAt: 512 }), /refers to another file/, /convert/],
  ['a qcow2 with its data elsewhere', qcow2({ features: 4 }), /refers to another file/, /convert/],
  ['a qcow2 that is encrypted', qcow2({ encryption: 1 }), /encrypted/, /Decrypt/],
  ['a compressed kernel', fileWith(64, [0, '\u001f\u008b']), /gzip/, /gunzip/],
  ['an archive', fileWith(512, [257, 'ustar']), /tar archive/, /give the folder/],
  ['a script', fileWith(64, [0, '#!/bin/sh']), /script/, /Give a kernel/],
];

describe('what cannot be started is told, with what to do:', () => {
  it('but not of IncludeOS, which a loader of ours starts', () => {
    assert.equal(detect(elfFile({ multibootFlags: 3, text: 'IncludeOS' })).trouble, undefined);
  });

  for (const [what, file, text, cure] of TROUBLE) {
    it(what, () => {
      const { trouble } = detect(file);
      assert.match(trouble?.text ?? '', text);
      assert.match(trouble?.cure ?? '', cure);
    });
  }

  it('and nothing is said against what can be', () => {
    const startable = KNOWN.filter(([, file]) =>
      /^(kernel .* (pvh|elf|linux|multiboot)|disk)/.test(summary(detect(file))),
    );
    for (const [what, file] of startable) assert.equal(detect(file).trouble, undefined, what);
  });
});

describe('a file that was made to deceive', () => {
  it('is cut off at any byte, and says less, but nothing else', () => {
    for (const [what, file] of KNOWN) {
      const whole = detect(file);
      for (let length = 0; length < file.length; length += 1) {
        const { family, solo5 } = detect(file.subarray(0, length));
        const names = solo5?.devices ?? [];
        assert.ok(names.length <= (whole.solo5?.devices.length ?? 0), `${what} at ${length}`);
        if (family)
          assert.ok([whole.family?.flavour, 'linux'].includes(family.flavour), `${what} at ${length}`);
      }
    }
  });

  it('has any length or offset in its headers, and is answered all the same', () => {
    for (const file of [elfFile(SOLO5), elfFile({ bits: 32, notes: [PVH_NOTE, PERIGEE_NOTE] }), qcow2({})]) {
      for (let at = 0; at + 4 <= Math.min(file.length, 0x300); at += 2) {
        for (const value of [0xffffffff, 0x7fffffff, 0x80000000, 1, 0]) {
          const changed = Buffer.from(file);
          changed.writeUInt32LE(value, at);
          assert.ok(detect(changed).format.length > 0);
        }
      }
    }
  });

  it('has notes without end, and keeps nobody', () => {
    const notes = Array.from({ length: 50 }, () => ({
      owner: 'x'.repeat(15),
      type: 0,
      value: new Uint8Array(),
    }));
    const file = Buffer.from(elfFile({ notes }));
    file.writeUInt16LE(0xffff, 56);
    file.writeUInt16LE(0, 54);
    assert.equal(detect(file).family, undefined);
  });

  it('has a multiboot header whose sum is wrong, or that lies too far in, and has none', () => {
    const wrong = Buffer.from(elfFile({ multibootFlags: 3 }));
    wrong.writeUInt32LE(0, 0x808);
    assert.match(detect(wrong).trouble?.text ?? '', /neither a multiboot header/);
    const far = Buffer.concat([elfFile({}), Buffer.alloc(8192), word(0x1badb002, 0, 2 ** 32 - 0x1badb002)]);
    assert.match(detect(far).trouble?.text ?? '', /neither a multiboot header/);
  });
});

describe('what is looked at', () => {
  const folder = tempFolder('look');

  it('must be a file that can be read', async () => {
    mkdirSync(join(folder, 'sub'));
    await assert.rejects(lookAt(join(folder, 'none')), failsWith('image-invalid', /cannot read .*none/));
    await assert.rejects(lookAt(join(folder, 'sub')), failsWith('image-invalid', /is a folder/));
    await assert.rejects(lookAt('/dev/null'), failsWith('image-invalid', /no regular file/));
  });

  it('is told with its size', async () => {
    const path = join(folder, 'kernel');
    writeFileSync(path, elfFile(SOLO5));
    const { bytes, detected } = await lookAt(path);
    assert.equal(bytes, readFileSync(path).length);
    assert.equal(summary(detected), 'kernel x86_64 mirage multiboot');
  });
});
