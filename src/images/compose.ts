import { basename } from 'node:path';
import { ARCHITECTURES, FLAVOURS, PerigeeError, isImageName, type Architecture } from '../domain/index.js';
import type { Flavour, ImageName } from '../domain/index.js';
import type { Trouble } from './detect.js';
import { FLAVOUR_FACTS } from './flavours.js';
import type { Looked } from './look.js';

/** What somebody wants to add: files, and what they said about them. */
export interface Wanted {
  readonly kernel?: Looked;
  readonly initrd?: Looked;
  readonly disk?: Looked;
  /** What a name is made of, where none is given. */
  readonly called: string;
  readonly name?: string;
  readonly flavour?: Flavour;
  readonly architecture?: Architecture;
  readonly memoryMib?: number;
  /** TAP interfaces by the names of a Solo5 image's network devices. */
  readonly taps?: Readonly<Record<string, string>>;
}

export interface Board {
  readonly architecture: Architecture;
  readonly memoryMib: number;
}

/** What the manifest will say, and how the family was told. */
export interface Composed {
  readonly name: ImageName;
  readonly flavour: Flavour;
  readonly why: string;
  readonly architecture: Architecture;
  readonly memoryMib: number;
}

/** Several times what the least that worked was, of those that were measured (docs/unikernels.md). */
const MEMORY_MIB: Readonly<Record<Flavour, number>> = {
  perigee: 4,
  unikraft: 64,
  osv: 128,
  mirage: 64,
  includeos: 128,
  nanos: 256,
  hermit: 128,
  rumprun: 64,
  linux: 256,
  raw: 128,
};

/** Families whose images are a kernel, with no other way to start. */
const KERNELS_ONLY: readonly Flavour[] = ['perigee', 'unikraft', 'mirage', 'hermit', 'rumprun'];
/** Families whose kernel does nothing without their disk. */
const DISK_NEEDED: readonly Flavour[] = ['nanos'];

/** @throws PerigeeError `image-invalid` for what this board could not run, with what to do. */
export function compose(wanted: Wanted, board: Board): Composed {
  needFiles(wanted);
  const architecture = architectureOf(wanted, board);
  const { flavour, why } = flavourOf(wanted);
  needWay(wanted, flavour, architecture);
  const memoryMib = wanted.memoryMib ?? MEMORY_MIB[flavour];
  needMemory(wanted, memoryMib, board);
  needDevices(wanted);
  return { name: nameOf(wanted), flavour, why, architecture, memoryMib };
}

/** What would be a kernel, and what an initrd or a disk: each is what it was given as. */
function needFiles({ disk, initrd, kernel }: Wanted): void {
  const boots = kernel ?? disk;
  if (!boots) throw invalid('there is neither a kernel nor a disk', 'Give one of them as FILE.');
  const { trouble } = boots.detected;
  if (trouble) throw cannotStart(boots, trouble);
  if (disk?.detected.role === 'disk' && disk.detected.trouble) {
    throw cannotStart(disk, disk.detected.trouble);
  }
  if (disk && disk.detected.role !== 'disk') needRawDisk(disk);
  if (initrd && !kernel) {
    throw invalid(`${initrd.path} is an initrd, and there is no kernel`, 'Give the kernel as FILE.');
  }
  if (initrd?.bytes === 0) throw invalid(`${initrd.path} is empty`, 'Give an initrd, or leave it out.');
}

/** A disk beside a kernel may hold anything that is not plainly something else: it needs no boot sector. */
function needRawDisk({ detected, path }: Looked): void {
  const unknown = detected.role === 'other' && detected.format === 'unknown';
  if (unknown) return;
  const cure =
    detected.role === 'kernel' ? 'Give it as FILE, and the disk with --disk.' : detected.trouble?.cure;
  throw invalid(`${path} is no disk: ${detected.format}`, cure ?? 'Give a raw or a qcow2 disk.');
}

function cannotStart({ path }: Looked, { cure, text }: Trouble): PerigeeError {
  return invalid(`${path} cannot be used: ${text}`, cure);
}

function architectureOf({ architecture, kernel }: Wanted, board: Board): Architecture {
  const said = kernel?.detected.architecture;
  if (said !== undefined && architecture !== undefined && said !== architecture) {
    throw invalid(
      `${kernel?.path ?? ''} is for ${said}, not for ${architecture}`,
      'Leave --arch out: it says so itself.',
    );
  }
  const found = said ?? architecture ?? board.architecture;
  if (found === board.architecture) return found;
  const what = kernel?.path ?? 'it';
  const cure = `Build it for ${board.architecture}, or add it on a board that is ${found}.`;
  throw invalid(`${what} is for ${found}, and this board is ${board.architecture}`, cure);
}

/** What was asked for counts; what the kernel, or else the other files, say comes after it. */
function flavourOf({ disk, flavour, initrd, kernel }: Wanted): {
  readonly flavour: Flavour;
  readonly why: string;
} {
  const family = [kernel, initrd, disk]
    .map((file) => file?.detected.family)
    .find((found) => found !== undefined);
  if (flavour === undefined) {
    if (family) return family;
    throw invalid(
      'the files do not say which family they are of',
      `Give --flavour, one of ${FLAVOURS.join(', ')}.`,
    );
  }
  const otherwise =
    family && family.flavour !== flavour ? `, although it looks like ${family.flavour}: ${family.why}` : '';
  return { flavour, why: `you said so${otherwise}` };
}

function needWay({ disk, kernel }: Wanted, flavour: Flavour, architecture: Architecture): void {
  const cannot = FLAVOUR_FACTS[flavour].cannot[architecture];
  const target = kernel?.detected.solo5?.target;
  // What a flavour cannot is told of QEMU; a tender is another monitor.
  const tended = target === 'hvt' || target === 'spt';
  if (cannot !== undefined && !tended) {
    const cure = 'docs/unikernels.md says what each family runs on.';
    throw invalid(`${flavour} does not run on ${architecture}: ${cannot}`, cure);
  }
  if (!kernel && disk && KERNELS_ONLY.includes(flavour)) {
    const text = `${disk.path} is a disk (${disk.detected.format}), and ${flavour} starts from a kernel`;
    throw invalid(text, 'Give the kernel as FILE, and this with --disk, or another --flavour.');
  }
  if (!disk && DISK_NEEDED.includes(flavour)) {
    throw invalid(
      `${flavour} starts from its disk, and there is none`,
      'Give it with --disk, or list it under disks in its image.yaml.',
    );
  }
}

function needMemory({ initrd, kernel }: Wanted, memoryMib: number, board: Board): void {
  if (memoryMib > board.memoryMib) {
    const text = `it asks for ${memoryMib} MiB, and this board has ${board.memoryMib} MiB`;
    throw invalid(text, 'Give less (--memory, or memoryMib in its image.yaml).');
  }
  const bytes = (kernel?.bytes ?? 0) + (initrd?.bytes ?? 0);
  if (bytes < memoryMib * 2 ** 20) return;
  const needed = Math.ceil(bytes / 2 ** 20);
  const text = `its files have ${needed} MiB, which does not fit into ${memoryMib} MiB of memory`;
  const cure = `Give at least ${needed + 1} (--memory, or memoryMib in its image.yaml), and what the guest needs itself.`;
  throw invalid(text, cure);
}

/** A Solo5 guest aborts when one of those is missing that its notes name. */
function needDevices({ disk, kernel, taps }: Wanted): void {
  for (const { kind, name } of kernel?.detected.solo5?.devices ?? []) {
    if (kind === 'block' && !disk) {
      throw invalid(
        `it needs a disk, for its block device ${name}`,
        'Give a raw one with --disk, or list it under disks in its image.yaml.',
      );
    }
    if (kind === 'net' && taps?.[name] === undefined) {
      const cure = `Give it a TAP interface of this board: --tap ${name}=tap0`;
      throw invalid(`it needs a network, for its device ${name}`, cure);
    }
  }
}

const MAX_NAME = 32;

function nameOf({ called, name }: Wanted): ImageName {
  const made = name ?? madeName(called);
  if (isImageName(made)) return made;
  const rule = 'at most 32 lower-case letters, digits and hyphens, a letter first';
  const text =
    name === undefined ? `no name can be made of ${basename(called)}` : `"${name}" is no image name`;
  throw invalid(text, `Give --name: ${rule}.`);
}

/** `Hello_kvm.x86_64.elf` gives hello-kvm. */
function madeName(called: string): string {
  const words = basename(called)
    .toLowerCase()
    .replace(/\.(elf|img|raw|qcow2|bin|virtio|hvt|spt)$/, '');
  const bare = ARCHITECTURES.reduce((text, each) => text.replace(new RegExp(`[._-]?${each}$`), ''), words);
  return bare
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, MAX_NAME)
    .replace(/-$/, '');
}

function invalid(message: string, cure: string): PerigeeError {
  return new PerigeeError('image-invalid', message, cure);
}
