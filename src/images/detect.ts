import type { Architecture } from '../domain/index.js';
import { elfKernel, linuxKernel, type BootProtocol, type Kernel } from './boot-protocol.js';
import { Fields } from './bytes.js';
import { diskFormat, type Disk } from './disk-format.js';
import { parseElf, type Elf } from './elf.js';
import { familyByNotes, familyByText, type Family } from './family.js';
import { solo5Notes, type Solo5Device, type Solo5Target } from './solo5.js';

/** What a file is, by its content: a name proves nothing. */
export interface Detected {
  /** What boots: a kernel, or a disk; an initrd needs a kernel; `other` boots nothing here. */
  readonly role: 'kernel' | 'initrd' | 'disk' | 'other';
  /** One phrase for people: "ELF 64-bit for x86_64". */
  readonly format: string;
  readonly diskFormat?: 'raw' | 'qcow2';
  /** Undefined where the file does not say: no disk does. */
  readonly architecture?: Architecture;
  readonly family?: Family;
  readonly protocol?: BootProtocol;
  readonly solo5?: { readonly target?: Solo5Target; readonly devices: readonly Solo5Device[] };
  /** Why it cannot be started as it is, and what to do: a sentence each. */
  readonly trouble?: Trouble;
}

export interface Trouble {
  readonly text: string;
  readonly cure: string;
}

/** As much of a file as is looked at: more than any kernel, and than what tells a disk, by three. */
export const LOOKED_AT_BYTES = 16 * 1024 * 1024;

/** By the file's first LOOKED_AT_BYTES, or all of it. Never throws: what is cut short or hostile is `other`, or says less. */
export function detect(head: Uint8Array): Detected {
  const fields = new Fields(head);
  const elf = parseElf(fields);
  if (elf) return detectedElf(elf, fields, head);
  const linux = linuxKernel(fields);
  if (linux) return detectedLinux(linux, head);
  const disk = diskFormat(fields);
  if (disk) return detectedDisk(disk, head);
  return detectedOther(fields);
}

function detectedElf(elf: Elf, fields: Fields, head: Uint8Array): Detected {
  const kernel = elfKernel(fields, elf);
  const format = `ELF ${elf.bits}-bit for ${elf.machine}`;
  if (!kernel) {
    const cure = 'Build it for x86_64, arm64 or armv7.';
    return { role: 'other', format, trouble: { text: `it is built for ${elf.machine}`, cure } };
  }
  const family = familyByNotes(elf.notes) ?? familyByText(head);
  const solo5 = solo5Notes(fields, elf.notes);
  const trouble = troubleOf(kernel, family, solo5?.target);
  return {
    ...{ role: 'kernel', format, architecture: kernel.architecture },
    ...(kernel.protocol && { protocol: kernel.protocol }),
    ...(family && { family }),
    ...(solo5 && { solo5: { devices: solo5.devices, ...(solo5.target && { target: solo5.target }) } }),
    ...(trouble && { trouble }),
  };
}

function troubleOf(
  { multibootRefused, protocol }: Kernel,
  family: Family | undefined,
  target: Solo5Target | undefined,
): Trouble | undefined {
  if (target === 'hvt' || target === 'spt') return undefined;
  if (target !== undefined && target !== 'virtio') {
    return {
      text: `it is built for Solo5's ${target}, and neither QEMU nor a tender can start it`,
      cure: 'Build it for hvt, spt or virtio (mirage configure -t).',
    };
  }
  if (protocol !== undefined) return undefined;
  const loaded = 'Give its loader as FILE, and this file with --initrd; docs/unikernels.md tells how.';
  if (multibootRefused && family?.flavour === 'includeos') return undefined;
  if (family?.flavour === 'hermit')
    return { text: 'a Hermit program is started by its loader', cure: loaded };
  if (multibootRefused) return { text: "QEMU's multiboot loader takes no 64-bit file like it", cure: loaded };
  const text = 'it has neither a multiboot header nor a PVH note, so QEMU cannot start it';
  return { text, cure: 'Build it as a kernel for QEMU; a program for Linux is none.' };
}

const LINUX_NAMES: Readonly<Record<Architecture, string>> = {
  x86_64: 'Linux bzImage',
  arm64: 'Linux arm64 Image',
  armv7: 'Linux ARM zImage',
};

/** A bzImage is compressed, so that its texts say nothing; what looks like one and shows no other family is Linux. */
function detectedLinux({ architecture }: Kernel, head: Uint8Array): Detected {
  const bare = { flavour: 'linux', why: 'it has the header of a Linux kernel' } as const;
  const family = familyByText(head) ?? (architecture === 'arm64' ? undefined : bare);
  return {
    ...{ role: 'kernel', format: LINUX_NAMES[architecture], architecture, protocol: 'linux' },
    ...(family && { family }),
  };
}

const TABLES = { gpt: 'with a GPT', mbr: 'with an MBR', none: 'with a boot sector' } as const;

function detectedDisk(disk: Disk, head: Uint8Array): Detected {
  if (disk.kind === 'foreign') {
    const cure = 'Convert it: qemu-img convert -O qcow2 FILE disk.qcow2';
    const format = `${disk.name} disk`;
    return { role: 'other', format, trouble: { text: `a ${disk.name} disk cannot be attached`, cure } };
  }
  const family = familyByText(head);
  const found = { role: 'disk', diskFormat: disk.kind, ...(family && { family }) } as const;
  if (disk.kind === 'raw') return { ...found, format: `raw disk ${TABLES[disk.table]}` };
  const trouble = qcow2Trouble(disk);
  return { ...found, format: 'qcow2 disk', ...(trouble && { trouble }) };
}

function qcow2Trouble(disk: Extract<Disk, { kind: 'qcow2' }>): Trouble | undefined {
  if (disk.refersToFile) {
    const cure = 'Make it whole: qemu-img convert -O qcow2 FILE disk.qcow2';
    return { text: 'it refers to another file of the machine, which its guest could then read', cure };
  }
  if (!disk.encrypted) return undefined;
  return { text: 'it is encrypted', cure: 'Decrypt it first, with qemu-img convert.' };
}

const OTHERS: readonly (readonly [at: number, magic: string, format: string, cure: string])[] = [
  [0, '\u001f\u008b', 'gzip file', 'Unpack it first: gunzip FILE'],
  [0, '\u00fd7zXZ', 'xz file', 'Unpack it first: unxz FILE'],
  [0, '\u0028\u00b5\u002f\u00fd', 'zstd file', 'Unpack it first: unzstd FILE'],
  [0, 'BZh', 'bzip2 file', 'Unpack it first: bunzip2 FILE'],
  [0, 'PK\u0003\u0004', 'zip file', 'Unpack it, and give the folder.'],
  [257, 'ustar', 'tar archive', 'Unpack it, and give the folder.'],
  [0, 'MZ', 'program for EFI or Windows', 'Give a kernel that QEMU starts without firmware.'],
  [0, '#!', 'script', 'Give a kernel, a disk, or a folder that holds them.'],
];

function detectedOther(fields: Fields): Detected {
  const cure = 'Give a kernel (ELF or Linux), a raw disk with a boot sector, or a qcow2 disk.';
  if (fields.length === 0)
    return { role: 'other', format: 'nothing', trouble: { text: 'it is empty', cure } };
  if (fields.says(0, '070701')) {
    const text = 'an initrd alone starts nothing';
    return {
      role: 'initrd',
      format: 'cpio archive',
      trouble: { text, cure: 'Give its kernel as FILE, and it with --initrd.' },
    };
  }
  const known = OTHERS.find(([at, magic]) => fields.says(at, magic));
  const [, , format, knownCure] = known ?? [0, '', 'unknown', cure];
  return {
    role: 'other',
    format,
    trouble: { text: known ? `it is a ${format}` : 'it is neither a kernel nor a disk', cure: knownCure },
  };
}
