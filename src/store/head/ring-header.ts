import { crc32 } from 'node:zlib';
import { parseGatewayId } from '../../domain/index.js';
import type { GatewayId } from '../../domain/index.js';

/** The unit in which a card's file system writes. */
export const PAGE_BYTES = 4096;
/** What a card writes whole or not at all: what may be written again has one of its own. */
const SECTOR_BYTES = 512;
const OPENING_BYTES = 16;

/** When a ring was last opened: places below this epoch are taken, and no frame that is needed lies before the offset. */
export interface RingOpening {
  readonly epoch: number;
  readonly offset: number;
}

export interface RingHeader {
  /** Absent in a ring of a store that did not say it yet. */
  readonly gatewayId?: GatewayId;
  /** Absent where none was noted, or the note is torn. */
  readonly opening?: RingOpening;
}

/**
 * The first page of a head log's file, of a ring of `size` bytes:
 *
 *     header  = text zeros                        512 bytes: what it is, and whose
 *     opening = crc:u32 epoch:u32 offset:u64      little-endian; the checksum is over what follows it
 */
export function encodeRingHeader(size: number, { gatewayId, opening }: RingHeader): Uint8Array {
  const page = Buffer.alloc(PAGE_BYTES);
  const whose = gatewayId === undefined ? '' : `, of gateway ${gatewayId}`;
  page.write(`perigee head log ${gatewayId === undefined ? 1 : 2}, a ring of ${size} bytes${whose}\n`);
  if (opening !== undefined) {
    page.writeUInt32LE(opening.epoch, SECTOR_BYTES + 4);
    page.writeBigUInt64LE(BigInt(opening.offset), SECTOR_BYTES + 8);
    page.writeUInt32LE(crc32(noted(page)), SECTOR_BYTES);
  }
  return page;
}

/** Undefined for a page of somebody else. */
export function decodeRingHeader(size: number, bytes: Uint8Array): RingHeader | undefined {
  const page = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = page.toString('latin1', 0, page.indexOf('\n'));
  const found = /, of gateway ([0-9a-f]{16})$/.exec(text)?.[1];
  const owner = found === undefined ? {} : { gatewayId: parseGatewayId(found) };
  const first = encodeRingHeader(size, owner).subarray(0, SECTOR_BYTES);
  if (page.length !== PAGE_BYTES || !page.subarray(0, SECTOR_BYTES).equals(first)) return undefined;
  if (page.readUInt32LE(SECTOR_BYTES) !== crc32(noted(page))) return owner;
  const epoch = page.readUInt32LE(SECTOR_BYTES + 4);
  return { ...owner, opening: { epoch, offset: Number(page.readBigUInt64LE(SECTOR_BYTES + 8)) } };
}

function noted(page: Buffer): Buffer {
  return page.subarray(SECTOR_BYTES + 4, SECTOR_BYTES + OPENING_BYTES);
}
