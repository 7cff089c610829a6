import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { VmSpec } from '../../src/domain/index.js';
import { openCatalogue, vmSpec, type HostChoices } from '../../src/images/index.js';
import { newRunId } from '../../src/platform/index.js';
import { failsWith } from '../support/expect.js';
import { tempFolder } from '../support/temp.js';
import { mirageFolder, solo5Image, type Solo5Facts } from './support-solo5.js';

const directory = tempFolder('solo5');
const catalogue = openCatalogue(directory);
const [HVT, SPT, VIRTIO, XEN] = [1, 2, 3, 6];
const NET = { name: 'service', kind: 'net' } as const;
const BLOCK = { name: 'storage', kind: 'block' } as const;
const DISK = Buffer.alloc(1024);
let made = 0;

interface Wanted {
  readonly facts: Solo5Facts;
  readonly manifest?: readonly string[];
  readonly disk?: Buffer;
  readonly host?: Partial<HostChoices>;
}

/** What a real image folder comes to. */
async function specOf({ facts, manifest, disk, host }: Wanted): Promise<VmSpec> {
  const name = `image-${++made}`;
  mirageFolder(directory, name, solo5Image(facts), manifest, disk);
  const board = { architecture: 'arm64', accelerator: 'tcg', ...host } as const;
  return vmSpec(await catalogue.get(name), 'b', newRunId(), board);
}

describe('a Solo5 image', () => {
  it('is run by the monitor that it was built for, whatever its file is called', async () => {
    const monitors = [];
    for (const target of [HVT, SPT, VIRTIO])
      monitors.push((await specOf({ facts: { target }, host: { architecture: 'x86_64' } })).monitor);
    assert.deepEqual(monitors, ['solo5-hvt', 'solo5-spt', 'qemu']);
  });

  it('has its devices from its own notes, and what they are attached to from its manifest', async () => {
    const spec = await specOf({
      facts: { target: SPT, devices: [NET, BLOCK] },
      manifest: ['taps: { service: tap100 }', 'args: a'],
      disk: DISK,
      host: { solo5Directory: '/opt/solo5' },
    });
    assert.ok(spec.monitor === 'solo5-spt');
    assert.deepEqual(
      [spec.program, spec.args, spec.taps, spec.block?.name, spec.accelerator],
      ['/opt/solo5/solo5-spt', 'a b', { service: 'tap100' }, 'storage', 'none'],
    );
  });

  const refusals: readonly (readonly [why: string, wanted: Wanted, message: RegExp])[] = [
    ['a network device without a TAP', { facts: { target: SPT, devices: [NET] } }, /device service: give it/],
    [
      'a TAP without a device',
      { facts: { target: SPT }, manifest: ['taps: { a: tap0 }'] },
      /no network device a/,
    ],
    ['a block device without a disk', { facts: { target: SPT, devices: [BLOCK] } }, /needs a disk.* storage/],
    ['a disk without a block device', { facts: { target: SPT }, disk: DISK }, /no block device/],
    [
      'two block devices',
      { facts: { target: SPT, devices: [BLOCK, { name: 'more', kind: 'block' }] }, disk: DISK },
      /needs 2 disks/,
    ],
    [
      'a device that could pass for an option',
      { facts: { target: SPT, devices: [{ name: 'a=/etc/x', kind: 'block' }] }, disk: DISK },
      /is none/,
    ],
    ['a channel', { facts: { target: SPT }, manifest: ['metrics: frames'] }, /no frame channel/],
    ['a network of ours', { facts: { target: SPT }, manifest: ['network: metrics'] }, /by a tap device only/],
    ['two processors', { facts: { target: SPT }, manifest: ['vcpus: 2'] }, /one processor/],
    [
      'a life after its gateway',
      { facts: { target: SPT }, manifest: ['afterRestart: adopt'] },
      /not survive/,
    ],
    ['a target that has no tender here', { facts: { target: XEN } }, /other than hvt, spt and virtio/],
    ['pages of 16 KiB under hvt', { facts: { target: HVT }, host: { pageBytes: 16384 } }, /pages of 4 KiB/],
    ['a 32-bit board', { facts: { target: SPT }, host: { architecture: 'armv7' } }, /no 32-bit ARM port/],
    [
      'a network device under QEMU without a network',
      { facts: { target: VIRTIO, devices: [NET] }, host: { architecture: 'x86_64' } },
      /device service: give it network: metrics/,
    ],
    [
      'a block device under QEMU without a disk',
      { facts: { target: VIRTIO, devices: [BLOCK] }, host: { architecture: 'x86_64' } },
      /needs a disk.* storage/,
    ],
    ['QEMU on arm64', { facts: { target: VIRTIO } }, /build it for hvt or spt/],
  ];
  for (const [why, wanted, message] of refusals) {
    it(`is refused for ${why}, in one line`, async () => {
      await assert.rejects(specOf(wanted), (error: unknown) => {
        failsWith('run-refused', message)(error);
        return !(error instanceof Error && error.message.includes('\n'));
      });
    });
  }

  it('under spt does not mind large pages', async () => {
    assert.equal((await specOf({ facts: { target: SPT }, host: { pageBytes: 16384 } })).monitor, 'solo5-spt');
  });

  it('is known for what it is as soon as its file is there', async () => {
    mirageFolder(directory, 'late', solo5Image({ target: SPT }));
    const kernel = join(directory, 'late', 'kernel');
    rmSync(kernel);
    assert.equal((await catalogue.get('late')).boot.arm64?.solo5, undefined);
    writeFileSync(kernel, solo5Image({ target: SPT }));
    assert.equal((await catalogue.get('late')).boot.arm64?.solo5?.target, 'spt');
  });
});
