/** Files as their formats' documents say them, by hand and as small as they can be: nothing here comes from our readers. */

export interface Note {
  readonly owner: string;
  readonly type: number;
  readonly value: Uint8Array;
}

export interface ElfParts {
  readonly bits?: 32 | 64;
  /** e_machine: 62 is x86_64, 3 i386, 183 AArch64, 40 ARM. */
  readonly machine?: number;
  readonly notes?: readonly Note[];
  readonly multibootFlags?: number;
  readonly text?: string;
}

const NOTES_AT = 0x100;
const MULTIBOOT_AT = 0x800;
const TEXT_AT = 0x1000;

export function elfFile({
  bits = 64,
  machine = 62,
  notes = [],
  multibootFlags,
  text = '',
}: ElfParts): Uint8Array {
  const file = Buffer.alloc(TEXT_AT + text.length + 16);
  file.write('\u007fELF', 'latin1');
  file.set([bits / 32, 1, 1], 4);
  file.writeUInt16LE(2, 16);
  file.writeUInt16LE(machine, 18);
  const table = Buffer.concat(notes.map(noteBytes));
  file.set(table, NOTES_AT);
  programHeader(file, bits, notes.length > 0 ? table.length : undefined);
  if (multibootFlags !== undefined) {
    file.writeUInt32LE(0x1badb002, MULTIBOOT_AT);
    file.writeUInt32LE(multibootFlags, MULTIBOOT_AT + 4);
    file.writeUInt32LE(2 ** 32 - 0x1badb002 - multibootFlags, MULTIBOOT_AT + 8);
  }
  file.write(text, TEXT_AT, 'latin1');
  return file;
}

/** One PT_NOTE, or none; elf(5) has the places. */
function programHeader(file: Buffer, bits: 32 | 64, noteBytes: number | undefined): void {
  const count = noteBytes === undefined ? 0 : 1;
  if (bits === 64) {
    file.writeBigUInt64LE(64n, 32);
    file.writeUInt16LE(56, 54);
    file.writeUInt16LE(count, 56);
    if (noteBytes === undefined) return;
    file.writeUInt32LE(4, 64);
    file.writeBigUInt64LE(BigInt(NOTES_AT), 64 + 8);
    file.writeBigUInt64LE(BigInt(noteBytes), 64 + 32);
  } else {
    file.writeUInt32LE(52, 28);
    file.writeUInt16LE(32, 42);
    file.writeUInt16LE(count, 44);
    if (noteBytes === undefined) return;
    file.writeUInt32LE(4, 52);
    file.writeUInt32LE(NOTES_AT, 52 + 4);
    file.writeUInt32LE(noteBytes, 52 + 16);
  }
}

function noteBytes({ owner, type, value }: Note): Uint8Array {
  const name = padded(Buffer.from(`${owner}\0`, 'latin1'));
  const header = Buffer.alloc(12);
  header.writeUInt32LE(owner.length + 1, 0);
  header.writeUInt32LE(value.length, 4);
  header.writeUInt32LE(type, 8);
  return Buffer.concat([header, name, padded(value)]);
}

function padded(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}

export function word(...values: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => bytes.writeUInt32LE(value, 4 * index));
  return bytes;
}

export const PVH_NOTE: Note = { owner: 'Xen', type: 18, value: word(0x100000) };
export const PERIGEE_NOTE: Note = { owner: 'Perigee', type: 1, value: word(1) };
export const HERMIT_NOTE: Note = { owner: 'HERMIT', type: 0x5a00, value: Uint8Array.of(4) };

/** `struct abi1_note` and `struct mft1_note` of Solo5. */
export function solo5Notes(
  target: number,
  devices: readonly (readonly [name: string, type: number])[],
): Note[] {
  const table = Buffer.alloc(4 + 8 + 104 * devices.length);
  table.writeUInt32LE(1, 4);
  table.writeUInt32LE(devices.length, 8);
  devices.forEach(([name, type], index) => {
    table.write(name, 12 + 104 * index, 'latin1');
    table.writeUInt32LE(type, 12 + 104 * index + 68);
  });
  return [
    { owner: 'Solo5', type: 0x31494241, value: word(target, 1, 0, 0) },
    { owner: 'Solo5', type: 0x3154464d, value: table },
  ];
}

/** `size` zero bytes, and what is written into them. */
export function fileWith(size: number, ...marks: readonly (readonly [at: number, what: string])[]): Buffer {
  const file = Buffer.alloc(size);
  for (const [at, what] of marks) file.write(what, at, 'latin1');
  return file;
}

/** A boot sector, and one partition of this type; 0 for none. */
export function rawDisk(partitionType: number, text = ''): Buffer {
  const disk = fileWith(4096, [510, '\u0055\u00aa'], [1024, text]);
  if (partitionType !== 0) {
    disk[446 + 4] = partitionType;
    disk.writeUInt32LE(1, 446 + 8);
    disk.writeUInt32LE(7, 446 + 12);
  }
  return disk;
}

export interface Qcow2Parts {
  readonly version?: number;
  readonly backingFileAt?: number;
  readonly features?: number;
  readonly encryption?: number;
}

export function qcow2({ version = 3, backingFileAt = 0, features = 0, encryption = 0 }: Qcow2Parts): Buffer {
  const disk = fileWith(512, [0, 'QFI\u00fb']);
  disk.writeUInt32BE(version, 4);
  disk.writeBigUInt64BE(BigInt(backingFileAt), 8);
  disk.writeBigUInt64BE(1n << 20n, 24);
  disk.writeUInt32BE(encryption, 32);
  disk.writeBigUInt64BE(BigInt(features), 72);
  return disk;
}
