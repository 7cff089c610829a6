import type { Flavour } from '../domain/index.js';
import type { ElfNote } from './elf.js';

/** A family, and by what it was told. */
export interface Family {
  readonly flavour: Flavour;
  readonly why: string;
}

/** Twin: images/lib/note.c. */
const PERIGEE_OWNER = 'Perigee';
/** Of the crate hermit-entry, in kernels and applications. */
const HERMIT_OWNER = 'HERMIT';

/** An owner's name in an ELF note is meant to be read; it needs no second witness. */
export function familyByNotes(notes: readonly ElfNote[]): Family | undefined {
  const owners = new Set(notes.map(({ owner }) => owner));
  if (owners.has(PERIGEE_OWNER)) return { flavour: 'perigee', why: 'its ELF note says Perigee' };
  if (owners.has('Solo5')) return { flavour: 'mirage', why: 'its ELF notes say Solo5' };
  if (owners.has(HERMIT_OWNER)) return { flavour: 'hermit', why: 'its ELF note says HERMIT' };
  return undefined;
}

/** Texts that only this family's kernels and disks hold: names of its sections and types, its banner, its file system. */
const TEXTS: readonly (readonly [flavour: Flavour, text: string])[] = [
  ['includeos', '#include<os>'],
  ['includeos', 'IncludeOS'],
  ['rumprun', 'rumprun'],
  ['osv', 'N3osv'],
  ['osv', 'OSv v'],
  ['unikraft', '.uk_inittab'],
  ['unikraft', 'libukboot'],
  ['unikraft', 'Unikraft'],
  ['nanos', 'NVMTFS'],
  ['hermit', 'RustyHermit'],
  ['hermit', 'HermitCore'],
];

/** Others imitate Linux, this text with it, so it counts only where nothing else was found. */
const LINUX = 'Linux version ';

/** Two families in one file tell nothing: an image may hold tools of another. */
export function familyByText(bytes: Uint8Array): Family | undefined {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = TEXTS.filter(([, text]) => file.includes(text, 0, 'latin1'));
  const [first] = found;
  if (first) {
    const [flavour, text] = first;
    return found.every(([other]) => other === flavour)
      ? { flavour, why: `it holds the text "${text}"` }
      : undefined;
  }
  return file.includes(LINUX, 0, 'latin1')
    ? { flavour: 'linux', why: `it holds the text "${LINUX.trim()}"` }
    : undefined;
}
