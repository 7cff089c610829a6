import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Architecture, BootSet, Image, RunId, Solo5Note, TenderSpec } from '../domain/index.js';
import { TENDER_ENDS } from './flavours.js';
import { refused } from './refusal.js';
import { solo5Names } from './solo5-devices.js';

/** A kernel that was built for a tender, with what it says of itself. */
type TenderSet = BootSet & Required<Pick<BootSet, 'kernel' | 'solo5'>>;

interface TenderHost {
  readonly architecture: Architecture;
  readonly solo5Directory?: string | undefined;
  readonly pageBytes?: number | undefined;
  readonly runDirectory?: (id: RunId) => string;
}

/** @throws PerigeeError `run-refused` where the image asks for what a tender has not, or lacks what it would miss. */
export function tenderSpec(
  image: Image,
  boot: TenderSet,
  args: string,
  runId: RunId,
  host: TenderHost,
): TenderSpec {
  const { architecture, solo5Directory } = host;
  const why = whyNot(image, boot, host);
  if (why !== undefined) throw refused(image, architecture, why);
  const monitor = boot.solo5.target === 'hvt' ? 'solo5-hvt' : 'solo5-spt';
  const block = blockOf(boot, host.runDirectory?.(runId) ?? join(tmpdir(), `perigee-${runId}`));
  return {
    ...{ monitor, architecture, memoryMib: image.memoryMib, taps: image.taps, ends: TENDER_ENDS },
    accelerator: monitor === 'solo5-hvt' ? 'kvm' : 'none',
    program: solo5Directory === undefined ? monitor : join(solo5Directory, monitor),
    kernel: boot.kernel.path,
    args: [image.args, args].filter((part) => part !== '').join(' '),
    ...(block ? { block } : {}),
  };
}

function blockOf({ disk, solo5 }: TenderSet, scratch: string): TenderSpec['block'] {
  const name = solo5Names(solo5, 'block')[0];
  return name === undefined || !disk ? undefined : { name, path: disk.path, scratch };
}

/** One line, or undefined for an image that the tender can be started with. */
function whyNot(image: Image, boot: TenderSet, host: TenderHost): string | undefined {
  const { solo5 } = boot;
  if (host.architecture === 'armv7') return 'Solo5 has no 32-bit ARM port';
  if (solo5.target !== 'hvt' && solo5.target !== 'spt')
    return 'it is built for a Solo5 target other than hvt, spt and virtio';
  if (solo5.target === 'hvt' && (host.pageBytes ?? HVT_PAGE_BYTES) !== HVT_PAGE_BYTES) return PAGES;
  if (image.metrics === 'frames') return 'a Solo5 tender has no frame channel: use metrics: lines';
  if (image.network !== undefined)
    return 'a Solo5 tender reaches a network by a tap device only: print the lines, without network: metrics';
  if (image.vcpus > 1) return 'a Solo5 tender gives its guest one processor: use vcpus: 1';
  if (image.afterRestart === 'adopt')
    return 'the guest of a Solo5 tender does not survive its gateway: use afterRestart: end';
  return wrongNet(image, solo5) ?? wrongDisk(boot);
}

const HVT_PAGE_BYTES = 4096;
const PAGES =
  'solo5-hvt needs a kernel with pages of 4 KiB (on a Raspberry Pi 5: kernel=kernel8.img in config.txt), or build the image for spt';

/** A guest aborts when a device of its own manifest is missing. */
function wrongNet({ taps }: Image, solo5: Solo5Note): string | undefined {
  const nets = solo5Names(solo5, 'net');
  const missing = nets.find((name) => taps[name] === undefined);
  if (missing !== undefined)
    return `it needs the network device ${missing}: give it a TAP interface, taps: { ${missing}: tap0 }`;
  const unknown = Object.keys(taps).find((name) => !nets.includes(name));
  return unknown === undefined ? undefined : `it has no network device ${unknown}, which its manifest names`;
}

/** As Solo5's elftool takes it: it is to be a part of an option. */
const DEVICE_NAME = /^[A-Za-z0-9]+$/;

function wrongDisk({ disk, solo5 }: TenderSet): string | undefined {
  const blocks = solo5Names(solo5, 'block');
  if (!blocks.every((name) => DEVICE_NAME.test(name))) return 'the name of its block device is none';
  if (blocks.length > 1) return `it needs ${blocks.length} disks, and an image has one`;
  if (blocks.length > 0 && !disk) return `it needs a disk, for its block device ${blocks.join()}`;
  if (blocks.length === 0 && disk) return 'it has no block device, and its manifest names a disk';
  return disk && disk.format !== 'raw' ? 'a Solo5 tender takes raw disks only' : undefined;
}
