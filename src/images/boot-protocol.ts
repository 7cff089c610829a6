import type { Architecture } from '../domain/index.js';
import type { Fields } from './bytes.js';
import type { Elf } from './elf.js';

/** How a kernel is started, in the order in which QEMU 7.2 and later look (hw/i386/x86.c, hw/arm/boot.c). */
export type BootProtocol = 'linux' | 'multiboot' | 'pvh' | 'elf';

export interface Kernel {
  readonly architecture: Architecture;
  /** Undefined where QEMU has no way to start it. */
  readonly protocol: BootProtocol | undefined;
  /** It has a multiboot header, but QEMU's loader takes a 64-bit file only where the header says where to load it. */
  readonly multibootRefused: boolean;
}

/** Linux's own kernels, and those that look like one: a header at a fixed place. */
export function linuxKernel(fields: Fields): Kernel | undefined {
  const architecture = linuxArchitecture(fields);
  return architecture && { architecture, protocol: 'linux', multibootRefused: false };
}

/** Linux's Documentation: arch/x86/boot.rst, arch/arm64/booting.rst; zImage by arch/arm/boot/compressed/head.S. */
function linuxArchitecture(fields: Fields): Architecture | undefined {
  if (fields.says(0x202, 'HdrS')) return 'x86_64';
  if (fields.says(0x38, 'ARMd')) return 'arm64';
  if (fields.u32(0x24) === 0x016f2818) return 'armv7';
  return undefined;
}

/** Undefined for a processor that no board of ours has. */
export function elfKernel(fields: Fields, { architecture, machine, notes }: Elf): Kernel | undefined {
  if (architecture === undefined) return undefined;
  if (architecture !== 'x86_64') return { architecture, protocol: 'elf', multibootRefused: false };
  const multiboot = multibootFlags(fields);
  if (multiboot !== undefined) {
    const taken = machine === 'i386' || (multiboot & HAS_ADDRESSES) !== 0;
    return { architecture, protocol: taken ? 'multiboot' : undefined, multibootRefused: !taken };
  }
  const pvh = notes.some(({ owner, type }) => owner === 'Xen' && type === PHYS32_ENTRY);
  return { architecture, protocol: pvh ? 'pvh' : undefined, multibootRefused: false };
}

const PHYS32_ENTRY = 18;
const HAS_ADDRESSES = 0x10000;
const MAGIC = 0x1badb002;
/** The header of Multiboot 1 is somewhere in the first 8 KiB, and whole. */
const SEARCHED = 8192;
const HEADER_BYTES = 12;

/** Magic, flags and checksum add up to nothing. */
function multibootFlags(fields: Fields): number | undefined {
  for (let at = 0; at + HEADER_BYTES <= SEARCHED; at += 4) {
    if (fields.u32(at) !== MAGIC) continue;
    const [flags, checksum] = [fields.u32(at + 4), fields.u32(at + 8)];
    if (flags === undefined || checksum === undefined) return undefined;
    if ((MAGIC + flags + checksum) % 2 ** 32 === 0) return flags;
  }
  return undefined;
}
