import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  ARCHITECTURES,
  FLAVOURS,
  type Architecture,
  type Flavour,
  type Image,
} from '../../src/domain/index.js';
import { FLAVOUR_FACTS, qemuSpec } from '../../src/images/index.js';
import { newRunId } from '../../src/platform/index.js';
import { qemuArgs } from '../../src/runner/qemu-args.js';

const SHOWN = ['-M', '-cpu', '-global', '-device', '-kernel', '-initrd', '-append', '-drive'];

/** What of the command line differs between families. */
function shown(flavour: Flavour, architecture: Architecture, boot: readonly string[]): string {
  const file = (name: string): object => ({ path: `/i/${name}`, sha256: '' });
  const set = Object.fromEntries(
    boot.map((role) => [role, role === 'disk' ? { ...file(role), format: 'raw' } : file(role)]),
  );
  const image = {
    ...{ name: 'app', flavour, metrics: 'lines', memoryMib: 64, vcpus: 1, args: 'a=1,2', taps: {} },
    boot: { [architecture]: set },
  } as unknown as Image;
  const host = { architecture, accelerator: 'tcg', multibootLoader: '/loader' } as const;
  const args = qemuArgs(qemuSpec(image, 'b', newRunId(), host));
  return args
    .flatMap((option, at) => (SHOWN.includes(option) ? [`${option} ${args[at + 1] ?? ''}`] : []))
    .join(' ');
}

type Row = readonly [flavour: Flavour, architecture: Architecture, boot: readonly string[], line: string];

const ROWS: readonly Row[] = [
  [
    'perigee',
    'x86_64',
    ['kernel'],
    '-M microvm,acpi=off,x-option-roms=off,pit=off,pic=off,rtc=off -cpu max -global virtio-mmio.force-legacy=false -kernel /i/kernel -append a=1,2 b',
  ],
  [
    'perigee',
    'arm64',
    ['kernel'],
    '-M virt,gic-version=2,highmem=off,its=off,acpi=off -cpu cortex-a53 -global virtio-mmio.force-legacy=false -kernel /i/kernel -append a=1,2 b',
  ],
  [
    'perigee',
    'armv7',
    ['kernel'],
    '-M virt,gic-version=2,acpi=off -cpu cortex-a7 -global virtio-mmio.force-legacy=false -kernel /i/kernel -append a=1,2 b',
  ],
  ['unikraft', 'x86_64', ['kernel'], '-M pc -cpu max -device pvpanic -kernel /i/kernel -append a=1,2 b'],
  [
    'unikraft',
    'arm64',
    ['kernel'],
    '-M virt,gic-version=2,acpi=off -cpu max -kernel /i/kernel -append app a=1,2 b',
  ],
  [
    'osv',
    'x86_64',
    ['kernel', 'disk'],
    '-M pc -cpu max -device pvpanic -kernel /i/kernel -append a=1,2 b -drive file=/i/disk,format=raw,if=none,id=disk,snapshot=on -device virtio-blk-pci,drive=disk',
  ],
  [
    'osv',
    'arm64',
    ['kernel', 'disk'],
    '-M virt,gic-version=max,acpi=off -cpu max -kernel /i/kernel -append a=1,2 b -drive file=/i/disk,format=raw,if=none,id=disk,snapshot=on -device virtio-blk-pci,drive=disk',
  ],
  [
    'mirage',
    'x86_64',
    ['kernel'],
    '-M pc,acpi=off -cpu Westmere -device pvpanic -device isa-debug-exit,iobase=0x501,iosize=2 -kernel /i/kernel -append a=1,2 b',
  ],
  [
    'includeos',
    'x86_64',
    ['kernel'],
    '-M pc -cpu max -device pvpanic -kernel /loader -initrd /i/kernel a=1,,2 b',
  ],
  [
    'nanos',
    'x86_64',
    ['disk'],
    '-M q35 -cpu max -device pvpanic -device virtio-rng-pci -device isa-debug-exit,iobase=0x501,iosize=1 -drive file=/i/disk,format=raw,if=none,id=disk,snapshot=on -device virtio-blk-pci,drive=disk',
  ],
  [
    'nanos',
    'arm64',
    ['kernel', 'disk'],
    '-M virt,gic-version=2,acpi=off -cpu max -device virtio-rng-pci -kernel /i/kernel -drive file=/i/disk,format=raw,if=none,id=disk,snapshot=on -device virtio-blk-pci,drive=disk',
  ],
  [
    'hermit',
    'x86_64',
    ['kernel', 'initrd'],
    '-M pc -cpu max -device pvpanic -device isa-debug-exit,iobase=0xf4,iosize=4 -kernel /i/kernel -initrd /i/initrd -append a=1,2 b',
  ],
  [
    'hermit',
    'arm64',
    ['kernel', 'initrd'],
    '-M virt,gic-version=3,acpi=off -cpu max -kernel /i/kernel -device guest-loader,addr=0x48000000,initrd=/i/initrd -append a=1,2 b',
  ],
  ['rumprun', 'x86_64', ['kernel'], '-M pc -cpu max -device pvpanic -kernel /i/kernel -append a=1,2 b'],
  [
    'linux',
    'x86_64',
    ['kernel', 'initrd'],
    '-M pc -cpu max -device pvpanic -kernel /i/kernel -initrd /i/initrd -append a=1,2 b',
  ],
  [
    'linux',
    'arm64',
    ['kernel', 'initrd'],
    '-M virt,gic-version=max -cpu max -kernel /i/kernel -initrd /i/initrd -append a=1,2 b',
  ],
  [
    'linux',
    'armv7',
    ['kernel', 'initrd'],
    '-M virt,gic-version=2 -cpu cortex-a15 -kernel /i/kernel -initrd /i/initrd -append a=1,2 b',
  ],
  ['raw', 'x86_64', ['kernel'], '-M pc -cpu max -device pvpanic -kernel /i/kernel -append a=1,2 b'],
  ['raw', 'arm64', ['kernel'], '-M virt,gic-version=max -cpu max -kernel /i/kernel -append a=1,2 b'],
  ['raw', 'armv7', ['kernel'], '-M virt,gic-version=2 -cpu cortex-a15 -kernel /i/kernel -append a=1,2 b'],
];

describe("a family's command line", () => {
  for (const [flavour, architecture, boot, line] of ROWS) {
    it(`of ${flavour} on ${architecture} from ${boot.join(' and ')}`, () => {
      assert.equal(shown(flavour, architecture, boot), line);
    });
  }

  it('is told here for every architecture that the family runs on', () => {
    const told = new Set(ROWS.map(([flavour, architecture]) => `${flavour} ${architecture}`));
    const all = FLAVOURS.flatMap((flavour) =>
      ARCHITECTURES.filter((architecture) => FLAVOUR_FACTS[flavour].machines[architecture]).map(
        (architecture) => `${flavour} ${architecture}`,
      ),
    );
    assert.deepEqual([...told].sort(), all.sort());
  });
});
