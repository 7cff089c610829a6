import type { Fields } from './bytes.js';
import type { ElfNote } from './elf.js';

/** What a Solo5 image says of itself, in the notes that its tenders read (Solo5's elf_abi.h and mft_abi.h). */
export interface Solo5Notes {
  readonly target: Solo5Target | undefined;
  readonly devices: readonly Solo5Device[];
}

/** Who can run it. `virtio` is a kernel for QEMU; the first two have a tender of their own. */
export type Solo5Target = (typeof TARGETS)[number];
const TARGETS = ['hvt', 'spt', 'virtio', 'muen', 'genode', 'xen'] as const;

/** Its guest aborts when one of them is missing. */
export interface Solo5Device {
  readonly kind: 'block' | 'net';
  readonly name: string;
}

const OWNER = 'Solo5';
const ABI = 0x31494241;
const MANIFEST = 0x3154464d;

const MAX_DEVICES = 64;
const NAME_BYTES = 68;
/** Name, type, properties (16), what backs it (8), and whether it is attached, padded to 8. */
const DEVICE_BYTES = 104;
/** It goes to terminals. */
const UNPRINTABLE = /[^ -~]/g;
const KINDS: Readonly<Record<number, Solo5Device['kind']>> = { 1: 'block', 2: 'net' };

/** Undefined where no note is Solo5's. */
export function solo5Notes(fields: Fields, notes: readonly ElfNote[]): Solo5Notes | undefined {
  const own = notes.filter(({ owner }) => owner === OWNER);
  if (own.length === 0) return undefined;
  const abi = own.find(({ type }) => type === ABI);
  const manifest = own.find(({ type }) => type === MANIFEST);
  const target = abi ? TARGETS[(fields.u32(abi.at) ?? 0) - 1] : undefined;
  return { target, devices: manifest ? devicesOf(fields, manifest) : [] };
}

/** The table is aligned to 8 in the structure that begins with the note's header, 20 bytes before its value. */
function devicesOf(fields: Fields, { at, length }: ElfNote): readonly Solo5Device[] {
  const start = at + 4;
  const count = Math.min(fields.u32(start + 4) ?? 0, MAX_DEVICES);
  return Array.from({ length: count }, (_, index) => start + 8 + index * DEVICE_BYTES)
    .filter((entry) => entry + DEVICE_BYTES <= at + length)
    .flatMap((entry) => {
      const kind = KINDS[fields.u32(entry + NAME_BYTES) ?? 0];
      return kind === undefined
        ? []
        : [{ kind, name: fields.text(entry, NAME_BYTES).replace(UNPRINTABLE, '?') }];
    });
}
