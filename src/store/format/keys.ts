import { assert } from '../../domain/index.js';
import type { Position, Resolution, RunId } from '../../domain/index.js';

/**
 * Keys of the store, format 3. LevelDB orders them bytewise, so numbers are big-endian and its order is ours.
 *
 *     identity      = 'm'                            which program, format and gateway; every format keeps it here
 *     totals        = 't'
 *     checkpoint    = 'p'                            the position up to which the latest records are right, and minutes folded
 *     series        = 's' id:u32                     ids count from 1 in the order of first sight
 *     block         = 'b' epoch:u32 sequence:u64     of the block's first observation: the total order
 *     part          = 'd' epoch:u32 sequence:u64 part:u16     of a block, in the order of its parts
 *     minutes       = 'u' position, parts 'v' position part:u16     blocks of roll-ups, a row a minute
 *     hours         = 'x' position, parts 'y' position part:u16     the same, a row an hour
 *     folded        = 'q'                            the position up to which minutes are in hours
 *     epoch         = 'e' epoch:u32                  the clocks of an epoch
 *     head          = 'j'                            where in the head log what is in no block begins
 *     latest        = 'l' id:u32                     the newest sample of a series, as of the checkpoint
 *     run           = 'r' run-id:16 ASCII bytes
 *     run by birth  = 'i' epoch:u32 sequence:u64     the order in which runs were first put
 *     run by change = 'h' epoch:u32 sequence:u64     the order in which runs were last put
 *     run going     = 'g' run-id:16 ASCII bytes      of those that have not ended
 *     cursor        = 'c' name:ASCII bytes
 *     schedule      = 'a' name:ASCII bytes
 *     floors        = 'f'                            where the oldest block begins that is kept
 *     loss          = 'w' epoch:u32 sequence:u64     of what was not recorded, in the order in which it began
 *     technician    = 'k' key:32 bytes               X25519
 *     audit         = 'n' sequence:u64               counts from 1
 *
 *     observation   = 'o' epoch:u32 sequence:u64     of format 2, until it is moved into a block
 *
 * What their values are: codec.ts.
 */
const FAMILIES = {
  identity: 'm',
  totals: 't',
  checkpoint: 'p',
  series: 's',
  block: 'b',
  part: 'd',
  minutes: 'u',
  minutesPart: 'v',
  hours: 'x',
  hoursPart: 'y',
  folded: 'q',
  epoch: 'e',
  head: 'j',
  observation: 'o',
  latest: 'l',
  run: 'r',
  runByBirth: 'i',
  runByChange: 'h',
  runGoing: 'g',
  cursor: 'c',
  schedule: 'a',
  loss: 'w',
  technician: 'k',
  audit: 'n',
  floors: 'f',
} as const;

export type Family = keyof typeof FAMILIES;
export const FAMILY_NAMES = Object.keys(FAMILIES) as readonly Family[];

/** Of a key; undefined for what has none of our letters. */
export function familyOf(key: Uint8Array): Family | undefined {
  const letter = String.fromCharCode(key[0] ?? 0);
  return FAMILY_NAMES.find((family) => FAMILIES[family] === letter);
}

/** Of every key that begins with a family's letter. */
export interface KeyRange {
  readonly gte: Uint8Array;
  readonly lt: Uint8Array;
}

export const IDENTITY_KEY = key('identity', 0);
export const TOTALS_KEY = key('totals', 0);
export const CHECKPOINT_KEY = key('checkpoint', 0);
export const HEAD_KEY = key('head', 0);
export const FOLDED_KEY = key('folded', 0);
export const FLOORS_KEY = key('floors', 0);

export function seriesKeyOf(id: number): Uint8Array {
  return key('series', 4, (view) => view.setUint32(1, id));
}

export function latestKeyOf(id: number): Uint8Array {
  return key('latest', 4, (view) => view.setUint32(1, id));
}

/** The number that a series, latest or epoch key ends with. */
export function idOfKey(bytes: Uint8Array): number {
  return viewOf(bytes).getUint32(1);
}

export function observationKeyOf(position: Position): Uint8Array {
  return key('observation', POSITION_BYTES, (view) => writePosition(view, 1, position));
}

/** The families of blocks, by what a row of theirs spans, each with the family of their parts. */
const BLOCKS = {
  raw: { block: 'block', part: 'part' },
  minutes: { block: 'minutes', part: 'minutesPart' },
  hours: { block: 'hours', part: 'hoursPart' },
} as const satisfies Record<Resolution, { readonly block: Family; readonly part: Family }>;

export function blockKeyOf(position: Position, resolution: Resolution = 'raw'): Uint8Array {
  return key(BLOCKS[resolution].block, POSITION_BYTES, (view) => writePosition(view, 1, position));
}

const PART_MAX = 2 ** 16 - 1;

export function partKeyOf(position: Position, part: number, resolution: Resolution = 'raw'): Uint8Array {
  return key(BLOCKS[resolution].part, POSITION_BYTES + 2, (view) => {
    writePosition(view, 1, position);
    view.setUint16(1 + POSITION_BYTES, part);
  });
}

/** All parts of the blocks that begin at these positions, or between. */
export function partsOf(first: Position, last: Position, resolution: Resolution): RangeUpTo {
  return { gte: partKeyOf(first, 0, resolution), lte: partKeyOf(last, PART_MAX, resolution) };
}

export function epochKeyOf(epoch: number): Uint8Array {
  return key('epoch', 4, (view) => view.setUint32(1, epoch));
}

/** The epoch and sequence that such a key has behind its letter. */
export function positionOfKey(bytes: Uint8Array): Position {
  return readPosition(viewOf(bytes), 1);
}

export function runKeyOf(id: RunId): Uint8Array {
  return key('run', id.length, (view) => writeAscii(view, 1, id));
}

export function runByBirthKeyOf(position: Position): Uint8Array {
  return key('runByBirth', POSITION_BYTES, (view) => writePosition(view, 1, position));
}

export function runByChangeKeyOf(position: Position): Uint8Array {
  return key('runByChange', POSITION_BYTES, (view) => writePosition(view, 1, position));
}

export function runGoingKeyOf(id: RunId): Uint8Array {
  return key('runGoing', id.length, (view) => writeAscii(view, 1, id));
}

/** What a reader that keeps a cursor may call itself. */
const CURSOR_NAME = /^[a-z][a-z0-9-]{0,31}$/;

export function assertCursorName(name: string): void {
  assert(CURSOR_NAME.test(name), 'a cursor is named with at most 32 lower-case letters, digits and hyphens');
}

export function cursorKeyOf(name: string): Uint8Array {
  assertCursorName(name);
  return key('cursor', name.length, (view) => writeAscii(view, 1, name));
}

export function scheduleKeyOf(name: string): Uint8Array {
  return key('schedule', name.length, (view) => writeAscii(view, 1, name));
}

export function lossKeyOf(born: Position): Uint8Array {
  return key('loss', POSITION_BYTES, (view) => writePosition(view, 1, born));
}

/** `hex`: 64 hexadecimal digits. */
export function technicianKeyOf(hex: string): Uint8Array {
  return key('technician', hex.length / 2, (view) => {
    for (let at = 0; at < hex.length; at += 2)
      view.setUint8(1 + at / 2, Number.parseInt(hex.slice(at, at + 2), 16));
  });
}

export function auditKeyOf(sequence: number): Uint8Array {
  return key('audit', 8, (view) => view.setBigUint64(1, BigInt(sequence)));
}

/** The number that an audit key ends with. */
export function sequenceOfKey(bytes: Uint8Array): number {
  return Number(viewOf(bytes).getBigUint64(1));
}

/** No family has so high a letter. */
export const EVERYTHING: KeyRange = { gte: Uint8Array.of(0), lt: Uint8Array.of(0xff) };

export function rangeOf(family: Family): KeyRange {
  const first = FAMILIES[family].charCodeAt(0);
  return { gte: Uint8Array.of(first), lt: Uint8Array.of(first + 1) };
}

/** Of the keys behind one of the same family. */
export interface RangeBehind {
  readonly gt: Uint8Array;
  readonly lt: Uint8Array;
}

export function blocksBehind(after: Position, resolution: Resolution = 'raw'): RangeBehind {
  return { gt: blockKeyOf(after, resolution), lt: rangeOf(BLOCKS[resolution].block).lt };
}

/** The last is not in it. */
export interface PlaceRange {
  readonly from: Position;
  readonly to: Position;
}

/** The blocks that begin there. */
export function blocksBetween({ from, to }: PlaceRange, resolution: Resolution): KeyRange {
  return { gte: blockKeyOf(from, resolution), lt: blockKeyOf(to, resolution) };
}

/** The blocks and the parts that begin before the position. */
export function blocksBefore(position: Position, resolution: Resolution): readonly KeyRange[] {
  const { block, part } = BLOCKS[resolution];
  return [
    { gte: rangeOf(part).gte, lt: partKeyOf(position, 0, resolution) },
    { gte: rangeOf(block).gte, lt: blockKeyOf(position, resolution) },
  ];
}

/** Of the keys up to the last, which is in it. */
export interface RangeUpTo {
  readonly gte: Uint8Array;
  readonly lte: Uint8Array;
}

/** The blocks that begin at the position or before it. */
export function blocksUpTo(position: Position, resolution: Resolution = 'raw'): RangeUpTo {
  return { gte: rangeOf(BLOCKS[resolution].block).gte, lte: blockKeyOf(position, resolution) };
}

export function runChangesBehind(after: Position): RangeBehind {
  return { gt: runByChangeKeyOf(after), lt: rangeOf('runByChange').lt };
}

/** An epoch and a sequence, in a key or as a value. */
export const POSITION_BYTES = 12;

export const EPOCH_MAX = 2 ** 32 - 1;

export function assertPosition({ epoch, sequence }: Position): void {
  assert(Number.isSafeInteger(epoch) && epoch >= 0 && epoch <= EPOCH_MAX, 'an epoch has 32 bits');
  assert(Number.isSafeInteger(sequence) && sequence >= 0, 'a sequence is a whole number');
}

export function writePosition(view: DataView, at: number, position: Position): void {
  assertPosition(position);
  const { epoch, sequence } = position;
  view.setUint32(at, epoch);
  view.setBigUint64(at + 4, BigInt(sequence));
}

export function readPosition(view: DataView, at: number): Position {
  return { epoch: view.getUint32(at), sequence: Number(view.getBigUint64(at + 4)) };
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function key(family: Family, restBytes: number, writeRest?: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(1 + restBytes);
  bytes[0] = FAMILIES[family].charCodeAt(0);
  writeRest?.(viewOf(bytes));
  return bytes;
}

function writeAscii(view: DataView, at: number, text: string): void {
  for (let index = 0; index < text.length; index += 1) view.setUint8(at + index, text.charCodeAt(index));
}
