import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compose, type Wanted } from '../../src/images/compose.js';
import { detect } from '../../src/images/detect.js';
import type { Looked } from '../../src/images/index.js';
import { FLAVOURS, type Flavour } from '../../src/domain/index.js';
import { failsWith } from '../support/expect.js';
import { HERMIT_NOTE, PVH_NOTE, elfFile, fileWith, qcow2, rawDisk, solo5Notes } from './support-files.js';

const BOARD = { architecture: 'x86_64', memoryMib: 1024 } as const;

function file(content: Uint8Array, bytes = content.length): Looked {
  return { path: '/tmp/some.file', bytes, detected: detect(content) };
}

const UNIKRAFT = file(elfFile({ bits: 32, machine: 3, multibootFlags: 3, text: 'libukboot' }));
const PLAIN = file(elfFile({ notes: [PVH_NOTE] }));
const ARM = file(elfFile({ machine: 183 }));
const DISK = file(rawDisk(0x83));
const NANOS = file(rawDisk(0x83, 'NVMTFS'));
const INITRD = file(fileWith(512, [0, '070701']));

const want = (wanted: Partial<Wanted>): Wanted => ({ called: 'app', ...wanted });

describe('an image that is to be added', () => {
  it('is of the family that its content says, or that it is said to be of', () => {
    const { flavour, why } = compose(want({ kernel: UNIKRAFT }), BOARD);
    assert.equal(flavour, 'unikraft');
    assert.match(why, /libukboot/);
    const said = compose(want({ kernel: UNIKRAFT, flavour: 'raw' }), BOARD);
    assert.equal(said.flavour, 'raw');
    assert.match(said.why, /you said so, although it looks like unikraft/);
    assert.equal(compose(want({ kernel: PLAIN, flavour: 'osv' }), BOARD).why, 'you said so');
  });

  it('is of the family of what its loader loads, or of its disk, where the loader says nothing', () => {
    const hermit = file(elfFile({ notes: [HERMIT_NOTE] }));
    assert.equal(compose(want({ kernel: PLAIN, initrd: hermit }), BOARD).flavour, 'hermit');
    assert.equal(compose(want({ kernel: PLAIN, disk: NANOS }), BOARD).flavour, 'nanos');
    assert.equal(compose(want({ disk: NANOS }), BOARD).flavour, 'nanos');
  });

  it('may have a disk of any content beside its kernel, and the devices that it asks for', () => {
    const data = file(new Uint8Array(4096));
    assert.equal(compose(want({ kernel: UNIKRAFT, disk: data }), BOARD).flavour, 'unikraft');
    const kernel = file(
      elfFile({
        notes: solo5Notes(2, [
          ['service', 2],
          ['storage', 1],
        ]),
      }),
    );
    const taps = { service: 'tap0' };
    assert.equal(compose(want({ kernel, disk: data, taps }), BOARD).flavour, 'mirage');
    const without = (wanted: Partial<Wanted>) => (): unknown => compose(want({ kernel, ...wanted }), BOARD);
    assert.throws(
      without({ taps }),
      failsWith('image-invalid', /needs a disk, for its block device storage/),
    );
    assert.throws(
      without({ disk: data }),
      failsWith('image-invalid', /needs a network, for its device service/),
    );
  });

  it('has a name that is made of its file', () => {
    const nameOf = (called: string): string => compose(want({ kernel: UNIKRAFT, called }), BOARD).name;
    assert.equal(nameOf('Hello_KVM.elf'), 'hello-kvm');
    assert.equal(nameOf('nginx_qemu-x86_64'), 'nginx-qemu');
    assert.equal(nameOf(`${'a'.repeat(31)}-b.img`), 'a'.repeat(31));
    assert.throws(() => nameOf('2048.bin'), failsWith('image-invalid', /no name can be made of 2048\.bin/));
    const named = (): unknown => compose(want({ kernel: UNIKRAFT, name: 'No Name' }), BOARD);
    assert.throws(named, failsWith('image-invalid', /"No Name" is no image name/));
  });

  it('gets memory by its family where nothing is said, within what the smallest board has', () => {
    for (const flavour of FLAVOURS) {
      const disk = flavour === 'nanos' ? { disk: DISK } : {};
      const { memoryMib } = compose(want({ kernel: PLAIN, ...disk, flavour }), BOARD);
      assert.ok(memoryMib >= 4 && memoryMib <= 256, flavour);
    }
  });
});

const REFUSED: readonly (readonly [why: string, wanted: Partial<Wanted>, text: RegExp, cure: RegExp])[] = [
  [
    'a kernel for another processor',
    { kernel: ARM, flavour: 'raw' },
    /is for arm64, and this board is x86_64/,
    /Build/,
  ],
  [
    'a processor that is not its own',
    { kernel: UNIKRAFT, architecture: 'arm64' },
    /not for arm64/,
    /Leave --arch/,
  ],
  [
    'a disk for another processor',
    { disk: NANOS, architecture: 'arm64' },
    /is for arm64/,
    /on a board that is arm64/,
  ],
  [
    'a disk where a kernel starts',
    { disk: DISK, flavour: 'unikraft' },
    /is a disk .*starts from a kernel/,
    /--disk/,
  ],
  [
    'a kernel given as a disk',
    { kernel: PLAIN, disk: UNIKRAFT, flavour: 'osv' },
    /is no disk: ELF/,
    /as FILE/,
  ],
  [
    'an archive given as a disk',
    { kernel: PLAIN, disk: file(fileWith(9, [0, 'PK\u0003\u0004'])) },
    /zip/,
    /Unpack/,
  ],
  [
    'a disk that refers to a file',
    { kernel: PLAIN, disk: file(qcow2({ backingFileAt: 9 })) },
    /refers/,
    /convert/,
  ],
  ['an initrd alone', { kernel: INITRD }, /an initrd alone starts nothing/, /--initrd/],
  ['an initrd beside a disk', { disk: DISK, initrd: INITRD }, /there is no kernel/, /as FILE/],
  ['an empty initrd', { kernel: PLAIN, initrd: file(new Uint8Array()) }, /is empty/, /leave it out/],
  ['nothing that boots', {}, /neither a kernel nor a disk/, /FILE/],
  ['an empty file', { kernel: file(new Uint8Array()) }, /it is empty/, /Give a kernel/],
  ['files that do not say their family', { kernel: PLAIN }, /which family/, /--flavour, one of perigee/],
  ['a family that needs a disk', { kernel: PLAIN, flavour: 'nanos' }, /starts from its disk/, /--disk/],
  [
    'more memory than there is',
    { kernel: UNIKRAFT, memoryMib: 1025 },
    /1025 MiB, and this board has 1024/,
    /less/,
  ],
  [
    'files that do not fit into its memory',
    { kernel: file(elfFile({ notes: [PVH_NOTE] }), 70 * 2 ** 20), flavour: 'rumprun' },
    /70 MiB, which does not fit into 64/,
    /at least 71/,
  ],
];

describe('an image is not added for', () => {
  for (const [why, wanted, text, cure] of REFUSED) {
    it(`${why}, and what to do is told`, () => {
      assert.throws(
        () => compose(want(wanted), BOARD),
        (error: unknown) => {
          failsWith('image-invalid', text)(error);
          assert.match((error as { cure: string }).cure, cure);
          return true;
        },
      );
    });
  }

  it('a family that does not run on this board, unless it is built for another monitor', () => {
    const spt = file(elfFile({ machine: 183, notes: solo5Notes(2, []) }));
    const tended = compose(want({ kernel: spt }), { architecture: 'arm64', memoryMib: 1024 });
    assert.equal(tended.flavour, 'mirage');
    const board = { architecture: 'arm64', memoryMib: 1024 } as const;
    for (const flavour of ['includeos', 'rumprun'] satisfies Flavour[]) {
      const wanted = want({ kernel: ARM, flavour });
      assert.throws(() => compose(wanted, board), failsWith('image-invalid', /does not run on arm64: it /));
    }
  });
});
