import type { Fields } from './bytes.js';

export type Disk =
  | { readonly kind: 'raw'; readonly table: 'gpt' | 'mbr' | 'none' }
  | {
      readonly kind: 'qcow2';
      /** What the guest sees; undefined where the header ends too early. */
      readonly virtualBytes: number | undefined;
      /** It needs another file of the host, which a guest could then read. */
      readonly refersToFile: boolean;
      readonly encrypted: boolean;
    }
  /** Another program's, by its name. */
  | { readonly kind: 'foreign'; readonly name: string };

/** A disk by what its formats' headers say. A raw one needs a boot sector: without it any file would be one. */
export function diskFormat(fields: Fields): Disk | undefined {
  if (fields.says(0, 'QFI\u00fb')) return qcow2(fields);
  const name = FOREIGN.find(([, at, magic]) => fields.says(at, magic))?.[0];
  if (name !== undefined) return { kind: 'foreign', name };
  return bootSector(fields);
}

const FOREIGN: readonly (readonly [name: string, at: number, magic: string])[] = [
  ['VMDK', 0, 'KDMV'],
  ['VMDK', 0, '# Disk DescriptorFile'],
  ['VHDX', 0, 'vhdxfile'],
  ['VHD', 0, 'conectix'],
  ['VDI', 64, '\u007f\u0010\u00da\u00be'],
  ['QED', 0, 'QED'],
  ['Parallels', 0, 'WithoutFreeSpace'],
  ['Parallels', 0, 'WithouFreSpacExt'],
];

const EXTERNAL_DATA_FILE = 4;

/** QEMU's docs/interop/qcow2.rst; the first version, which QEMU only reads, is another format. */
function qcow2(fields: Fields): Disk {
  const version = fields.u32BigEndian(4) ?? 0;
  if (version < 2) return { kind: 'foreign', name: 'qcow' };
  const features = version >= 3 ? (fields.u32BigEndian(76) ?? 0) : 0;
  const backing = fields.u64BigEndian(8) !== 0 && fields.length > 16;
  return {
    kind: 'qcow2',
    virtualBytes: fields.u64BigEndian(24),
    refersToFile: backing || (features & EXTERNAL_DATA_FILE) !== 0,
    encrypted: (fields.u32BigEndian(32) ?? 0) !== 0,
  };
}

const SECTOR = 512;
const PARTITIONS_AT = 446;
const PARTITION_BYTES = 16;

function bootSector(fields: Fields): Disk | undefined {
  if (fields.u16(SECTOR - 2) !== 0xaa55) return undefined;
  if (fields.says(SECTOR, 'EFI PART') || fields.says(4096, 'EFI PART')) return { kind: 'raw', table: 'gpt' };
  const used = [0, 1, 2, 3]
    .map((index) => PARTITIONS_AT + index * PARTITION_BYTES)
    .filter(isPartition(fields));
  return { kind: 'raw', table: used.length > 0 ? 'mbr' : 'none' };
}

/** Active or not, of some type, and of some length. */
const isPartition =
  (fields: Fields) =>
  (at: number): boolean =>
    ((fields.u8(at) ?? 1) & 0x7f) === 0 && fields.u8(at + 4) !== 0 && fields.u32(at + 12) !== 0;
