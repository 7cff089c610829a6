import { maskedCrc } from './crc32c.js';

/**
 * LevelDB's log files (google/leveldb, doc/log_format.md): blocks of 32 KiB, of records that do not cross their ends.
 *
 *     record = crc:u32 length:u16 type:u8 data          little-endian; the checksum is over type and data
 *
 * A batch is one record, or a first, some middle and a last one.
 */
const BLOCK_BYTES = 32 * 1024;
const HEADER_BYTES = 7;
const FULL = 1;
const FIRST = 2;
const MIDDLE = 3;
const LAST = 4;

export interface LogReading {
  /** The batches that are whole, in order. */
  readonly batches: readonly Uint8Array[];
  /** What cannot be read, although something behind it can. */
  readonly damagedBytes: number;
  /** Whether it ends in the middle of a write, as a power cut leaves it. */
  readonly isTorn: boolean;
}

/** Reads past what is damaged. LevelDB does so too, loses more, and says nothing of it. */
export function readLog(bytes: Uint8Array): LogReading {
  const batches: Uint8Array[] = [];
  let pieces: Uint8Array[] = [];
  let damagedBytes = 0;
  /** Unreadable, and nothing that can be read came behind it yet. */
  let doubtful = 0;
  for (const piece of piecesOf(bytes)) {
    if (piece.kind === 'unreadable') {
      doubtful += piece.bytes + lengthOf(pieces);
      pieces = [];
      continue;
    }
    const begins = piece.type === FULL || piece.type === FIRST;
    if (begins) doubtful += lengthOf(pieces);
    else if (pieces.length === 0) doubtful += piece.data.length;
    damagedBytes += doubtful;
    doubtful = 0;
    if (begins) pieces = [piece.data];
    else if (pieces.length > 0) pieces.push(piece.data);
    if (pieces.length === 0 || piece.type === FIRST || piece.type === MIDDLE) continue;
    batches.push(Buffer.concat(pieces));
    pieces = [];
  }
  return { batches, damagedBytes, isTorn: doubtful > 0 || pieces.length > 0 };
}

/** A log that holds these batches. */
export function writeLog(batches: readonly Uint8Array[]): Uint8Array {
  const records: Uint8Array[] = [];
  let end = 0;
  for (const batch of batches) {
    for (let from = 0, isFirst = true; isFirst || from < batch.length; isFirst = false) {
      const left = BLOCK_BYTES - (end % BLOCK_BYTES);
      if (left < HEADER_BYTES) {
        records.push(new Uint8Array(left));
        end += left;
      }
      const room = BLOCK_BYTES - (end % BLOCK_BYTES) - HEADER_BYTES;
      const data = batch.subarray(from, from + room);
      from += data.length;
      const type = from === batch.length ? (isFirst ? FULL : LAST) : isFirst ? FIRST : MIDDLE;
      records.push(record(type, data));
      end += HEADER_BYTES + data.length;
    }
  }
  return Buffer.concat(records);
}

type Piece =
  | { readonly kind: 'record'; readonly type: number; readonly data: Uint8Array }
  | { readonly kind: 'unreadable'; readonly bytes: number };

function* piecesOf(bytes: Uint8Array): Generator<Piece> {
  for (let start = 0; start < bytes.length; start += BLOCK_BYTES) {
    const block = bytes.subarray(start, start + BLOCK_BYTES);
    let at = 0;
    while (block.length - at >= HEADER_BYTES) {
      const found = recordAt(block, at);
      const next = found === undefined ? nextRecord(block, at + 1) : at + HEADER_BYTES + found.data.length;
      yield found ?? { kind: 'unreadable', bytes: next - at };
      at = next;
    }
    if (at < block.length && block.length < BLOCK_BYTES)
      yield { kind: 'unreadable', bytes: block.length - at };
  }
}

/** The length of what is damaged cannot be trusted, so that every byte is tried. LevelDB leaves out the rest of the block. */
function nextRecord(block: Uint8Array, from: number): number {
  for (let at = from; block.length - at >= HEADER_BYTES; at += 1)
    if (recordAt(block, at) !== undefined) return at;
  return block.length;
}

function recordAt(block: Uint8Array, at: number): Extract<Piece, { kind: 'record' }> | undefined {
  const view = new DataView(block.buffer, block.byteOffset + at, HEADER_BYTES);
  const end = at + HEADER_BYTES + view.getUint16(4, true);
  const type = view.getUint8(6);
  if (type < FULL || type > LAST || end > block.length) return undefined;
  const data = block.subarray(at + HEADER_BYTES, end);
  if (view.getUint32(0, true) !== maskedCrc(Uint8Array.of(type), data)) return undefined;
  return { kind: 'record', type, data };
}

function record(type: number, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, maskedCrc(Uint8Array.of(type), data), true);
  view.setUint16(4, data.length, true);
  view.setUint8(6, type);
  bytes.set(data, HEADER_BYTES);
  return bytes;
}

function lengthOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}
