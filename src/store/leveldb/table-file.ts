import { ByteReader, ByteWriter } from '@perigee/columns';
import { maskedCrc } from './crc32c.js';
import { unsnappy } from './snappy.js';

/**
 * LevelDB's table files (google/leveldb, doc/table_format.md): blocks of sorted entries, a block that is their index,
 * and a footer that says where that is.
 *
 *     block  = contents type:u8 crc:u32                 the checksum is over contents and type
 *     footer = handle handle padding magic:u64          of 48 bytes: of the meta index and of the index
 *     handle = offset:varint size:varint
 */
const FOOTER_BYTES = 48;
const MAGIC = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb];
const TRAILER_BYTES = 5;
const SNAPPY = 1;
/** Behind each key: its sequence and kind. */
const TAG_BYTES = 8;
/** Of a batch: its sequence and the count of what is in it. */
const BATCH_HEADER_BYTES = 12;

/** Of one key, as it was at one time. */
export interface TableEntry {
  readonly key: Uint8Array;
  /** Sequence and kind, as LevelDB has them: the newest counts. */
  readonly tag: Uint8Array;
  readonly value: Uint8Array;
}

export interface TableReading {
  /** Of the blocks that are what their checksums say, in order. */
  readonly entries: () => Generator<TableEntry>;
  /** Entries of these keys may be missing: behind the first, up to the second. */
  readonly lost: readonly { readonly after: Uint8Array; readonly upTo: Uint8Array }[];
  /** Whether everything is as it was written, with what only helps to find things. */
  readonly isWhole: boolean;
}

/** Undefined where not even the index can be read. */
export function readTable(bytes: Uint8Array): TableReading | undefined {
  const footer = bytes.subarray(-FOOTER_BYTES);
  if (footer.length < FOOTER_BYTES || MAGIC.some((byte, at) => footer[FOOTER_BYTES - 8 + at] !== byte))
    return undefined;
  const handles = new ByteReader(footer);
  const meta = blockAt(bytes, readHandle(handles));
  const index = blockAt(bytes, readHandle(handles));
  const found = index && [...entriesOf(index)];
  if (found?.every((entry) => entry !== undefined) !== true) return undefined;
  const places = found.map(({ key, value }) => ({ upTo: key, handle: readHandle(new ByteReader(value)) }));
  const blocks = places.map(({ handle }) => checked(bytes, handle));
  const lost = places.flatMap(({ upTo }, at) =>
    blocks[at] === undefined ? [{ after: userKey(places[at - 1]?.upTo), upTo: userKey(upTo) }] : [],
  );
  const isWhole = lost.length === 0 && meta !== undefined && filtersAreWhole(bytes, meta);
  return {
    ...{ lost, isWhole },
    *entries() {
      for (const { handle } of places) {
        const block = blockAt(bytes, handle);
        if (block === undefined) continue;
        for (const entry of entriesOf(block)) {
          if (entry === undefined) break;
          const { key, value } = entry;
          yield { key: userKey(key), tag: key.subarray(-TAG_BYTES), value };
        }
      }
    },
  };
}

/** A batch of a log that says again what an entry says, as of its own time. */
export function batchOf({ key, tag, value }: TableEntry): Uint8Array {
  const writer = new ByteWriter(BATCH_HEADER_BYTES + key.length + value.length + 16);
  const [kind = 0] = tag;
  writer.raw(tag.subarray(1));
  for (const byte of [0, 1, 0, 0, 0, kind]) writer.u8(byte);
  writer.varint(key.length);
  writer.raw(key);
  if (kind !== 0) {
    writer.varint(value.length);
    writer.raw(value);
  }
  return writer.finish();
}

interface Handle {
  readonly offset: number;
  readonly size: number;
}

function readHandle(reader: ByteReader): Handle {
  return { offset: reader.varint(), size: reader.varint() };
}

function checked(bytes: Uint8Array, { offset, size }: Handle): Uint8Array | undefined {
  const end = offset + size;
  if (size === 0 || end + TRAILER_BYTES > bytes.length) return undefined;
  const contents = bytes.subarray(offset, end);
  const crc = new DataView(bytes.buffer, bytes.byteOffset + end + 1, 4).getUint32(0, true);
  return crc === maskedCrc(contents, bytes.subarray(end, end + 1)) ? contents : undefined;
}

function blockAt(bytes: Uint8Array, handle: Handle): Uint8Array | undefined {
  const contents = checked(bytes, handle);
  return contents && bytes[handle.offset + handle.size] === SNAPPY ? unsnappy(contents) : contents;
}

function filtersAreWhole(bytes: Uint8Array, meta: Uint8Array): boolean {
  return [...entriesOf(meta)].every(
    (entry) => entry !== undefined && checked(bytes, readHandle(new ByteReader(entry.value))) !== undefined,
  );
}

/** Keys share their beginning with the one before; behind them stand places where none does. Undefined for noise. */
function* entriesOf(
  block: Uint8Array,
): Generator<{ readonly key: Uint8Array; readonly value: Uint8Array } | undefined> {
  const restarts = block.length < 4 ? -1 : u32(block, block.length - 4);
  const end = block.length - 4 * (restarts + 1);
  if (restarts < 0 || end < 0) {
    yield undefined;
    return;
  }
  const reader = new ByteReader(block.subarray(0, end));
  let key = new Uint8Array(0);
  while (reader.left > 0) {
    const [shared, own, length] = [reader.varint(), reader.varint(), reader.varint()];
    const rest = reader.raw(own);
    const value = reader.raw(length);
    if (reader.broken || shared > key.length) {
      yield undefined;
      return;
    }
    key = Uint8Array.from([...key.subarray(0, shared), ...rest]);
    yield { key, value };
  }
}

function userKey(key: Uint8Array | undefined): Uint8Array {
  return key === undefined ? new Uint8Array(0) : key.subarray(0, Math.max(0, key.length - TAG_BYTES));
}

function u32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0, true);
}
