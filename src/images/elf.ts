import type { Architecture } from '../domain/index.js';
import type { Fields } from './bytes.js';

/** Of an ELF file (System V gABI), what tells how it can be started. */
export interface Elf {
  readonly bits: 32 | 64;
  /** By its machine; i386 too is for our x86_64 boards. Undefined for any other. */
  readonly architecture?: Architecture;
  /** For people, where it is none of ours. */
  readonly machine: string;
  readonly notes: readonly ElfNote[];
}

export interface ElfNote {
  readonly owner: string;
  readonly type: number;
  /** Where its value lies in the file. */
  readonly at: number;
  readonly length: number;
}

const MACHINES: Readonly<Record<number, readonly [name: string, architecture?: Architecture]>> = {
  3: ['i386', 'x86_64'],
  8: ['MIPS'],
  20: ['PowerPC'],
  21: ['PowerPC64'],
  22: ['S/390'],
  40: ['ARM', 'armv7'],
  62: ['x86_64', 'x86_64'],
  183: ['AArch64', 'arm64'],
  243: ['RISC-V'],
};

const PT_NOTE = 4;
/** Linkers make under 20 program headers, and notes of a few hundred bytes. */
const MAX_HEADERS = 128;
const MAX_NOTES = 64;

/** Undefined for what is no ELF file of a byte order that a board of ours has. */
export function parseElf(fields: Fields): Elf | undefined {
  if (!fields.says(0, '\u007fELF') || fields.u8(5) !== 1) return undefined;
  const bits = fields.u8(4) === 2 ? 64 : 32;
  const number = fields.u16(18) ?? 0;
  const [machine, architecture] = MACHINES[number] ?? [`machine ${number}`];
  return {
    ...{ bits, machine, notes: notesOf(fields, bits) },
    ...(architecture === undefined ? {} : { architecture }),
  };
}

function notesOf(fields: Fields, bits: 32 | 64): readonly ElfNote[] {
  const wide = bits === 64;
  const table = wide ? fields.u64(32) : fields.u32(28);
  const entryBytes = fields.u16(wide ? 54 : 42);
  const count = fields.u16(wide ? 56 : 44);
  if (table === undefined || entryBytes === undefined || count === undefined) return [];
  const headers = Array.from({ length: Math.min(count, MAX_HEADERS) }, (_, i) => table + i * entryBytes);
  return headers
    .filter((at) => fields.u32(at) === PT_NOTE)
    .flatMap((at) => {
      const [offset, length] = wide
        ? [fields.u64(at + 8), fields.u64(at + 32)]
        : [fields.u32(at + 4), fields.u32(at + 16)];
      return offset === undefined || length === undefined ? [] : segmentNotes(fields, offset, length);
    })
    .slice(0, MAX_NOTES);
}

const NOTE_HEADER = 12;
/** Longer than any owner's name that is in use. */
const MAX_OWNER = 32;
/** Names and values are padded to it, in 64-bit files too. */
const aligned = (length: number): number => Math.ceil(length / 4) * 4;

function segmentNotes(fields: Fields, offset: number, length: number): readonly ElfNote[] {
  const end = Math.min(offset + length, fields.length);
  const notes: ElfNote[] = [];
  for (let at = offset; at + NOTE_HEADER <= end && notes.length < MAX_NOTES;) {
    const [nameBytes, valueBytes, type] = [fields.u32(at), fields.u32(at + 4), fields.u32(at + 8)];
    if (nameBytes === undefined || valueBytes === undefined || type === undefined) break;
    const value = at + NOTE_HEADER + aligned(nameBytes);
    const next = value + aligned(valueBytes);
    if (value + valueBytes > end) break;
    notes.push({
      ...{ owner: fields.text(at + NOTE_HEADER, Math.min(nameBytes, MAX_OWNER)), type },
      ...{ at: value, length: valueBytes },
    });
    at = next;
  }
  return notes;
}
