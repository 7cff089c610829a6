import { constants } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from '../../domain/index.js';
import type { GatewayId } from '../../domain/index.js';
import type { Aside } from '../salvage/set-aside.js';
import { PAYLOAD_MAX_BYTES, encodeFrame, framesAhead, framesIn } from './frames.js';
import type { Frame } from './frames.js';
import { PAGE_BYTES, decodeRingHeader, encodeRingHeader } from './ring-header.js';
import type { RingHeader } from './ring-header.js';

export const RING_FILE = 'head.ring';
/** Twice what the head holds at most, so that what is written never meets what is still needed. */
export const RING_BYTES = 2 * 1024 * 1024;
/** The ring itself begins behind the header, on a page of its own. */
const HEADER_BYTES = PAGE_BYTES;

/**
 * The head log on the card: a file that is made full length once and written round and round, so that a sync writes
 * data and no bookkeeping of the file system.
 */
export class HeadRing implements AsyncDisposable {
  readonly #file: FileHandle;
  readonly #gatewayId: GatewayId | undefined;
  /** The offset that the last opening before this one noted; 0 in a ring that has none. */
  readonly openedAt: number;
  /** Where what is needed begins, and where the next frame goes; counted over all laps. */
  #start = 0;
  #end = 0;

  private constructor(file: FileHandle, { gatewayId, opening }: RingHeader) {
    this.#file = file;
    this.#gatewayId = gatewayId;
    this.openedAt = opening?.offset ?? 0;
  }

  /** Opens or makes the ring of a gateway's store. One that is none, or another gateway's, goes aside: `stranger` says whose. */
  static async open(
    folder: string,
    gatewayId: GatewayId,
    aside: Aside,
  ): Promise<{ readonly ring: HeadRing; readonly stranger?: string }> {
    const path = join(folder, RING_FILE);
    const found = await openRingFile(path);
    if (found.kind === 'ours' && (found.header.gatewayId ?? gatewayId) === gatewayId)
      return { ring: new HeadRing(found.file, { ...found.header, gatewayId }) };
    if (found.kind === 'ours') await found.file.close();
    if (found.kind !== 'none') await aside.take(path);
    const ring = new HeadRing(await make(path, gatewayId), { gatewayId });
    if (found.kind === 'none') return { ring };
    const owner = found.kind === 'ours' ? found.header.gatewayId : undefined;
    return { ring, stranger: owner === undefined ? 'nobody who can be told' : `gateway ${owner}` };
  }

  /** What the header of a folder's ring says; undefined where there is none of ours. */
  static async peek(folder: string): Promise<RingHeader | undefined> {
    const found = await openRingFile(join(folder, RING_FILE), constants.O_RDONLY);
    if (found.kind !== 'ours') return undefined;
    await found.file.close();
    return found.header;
  }

  /** How many whole frames a folder's ring has from `start` on. */
  static async countBehind(folder: string, start: number): Promise<number> {
    const found = await openRingFile(join(folder, RING_FILE), constants.O_RDONLY);
    if (found.kind !== 'ours') return 0;
    const ring = new HeadRing(found.file, found.header);
    try {
      return (await ring.read(start)).length;
    } finally {
      await ring[Symbol.asyncDispose]();
    }
  }

  /** Every whole frame from `start` on. */
  async read(start: number): Promise<readonly Frame[]> {
    return [...framesIn(await this.#bytes(), start)];
  }

  /** Every whole frame of this lap and those behind it, where nobody knows any more from where on they are needed. */
  async readAhead(from: number): Promise<readonly Frame[]> {
    return framesAhead(await this.#bytes(), from);
  }

  async #bytes(): Promise<Uint8Array> {
    const bytes = new Uint8Array(RING_BYTES);
    await readAll(this.#file, bytes, HEADER_BYTES);
    return bytes;
  }

  /** Writes from the beginning of the lap that follows `end`: no frame that is in the ring now can be read there. */
  beginLapBehind(end: number): void {
    this.#end = (Math.floor(end / RING_BYTES) + 1) * RING_BYTES;
    this.#start = this.#end;
  }

  /** Notes whose it is, and that this epoch writes from here on. Nothing in it is needed now: a torn header costs nothing. */
  async noteOpening(epoch: number): Promise<void> {
    assert(this.#gatewayId !== undefined, 'a ring that is written to has an owner');
    const header = { gatewayId: this.#gatewayId, opening: { epoch, offset: this.#end } };
    await writeAll(this.#file, encodeRingHeader(RING_BYTES, header), 0);
    await this.sync();
  }

  get end(): number {
    return this.#end;
  }

  get usedBytes(): number {
    return this.#end - this.#start;
  }

  /** Nothing that was written is needed any more. */
  release(): void {
    this.#start = this.#end;
  }

  /** Payloads go together into as few frames as hold them. Not durable before `sync`. */
  async append(payloads: readonly Uint8Array[]): Promise<void> {
    const start = this.#end;
    let end = start;
    const frames: Uint8Array[] = [];
    for (const payload of together(payloads)) {
      const frame = encodeFrame(payload, end, RING_BYTES);
      frames.push(frame);
      end += frame.length;
    }
    if (end - this.#start > RING_BYTES) throw new Error('the head log is full');
    await this.#write(Buffer.concat(frames), start);
    this.#end = end;
  }

  async sync(): Promise<void> {
    await this.#file.datasync();
  }

  /** Goes on with the next page where `bytes` more would touch two: a card writes whole ones. */
  alignFor(bytes: number): void {
    const used = this.#end % PAGE_BYTES;
    if (bytes <= PAGE_BYTES && used + bytes > PAGE_BYTES) this.#end += PAGE_BYTES - used;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#file.close();
  }

  async #write(bytes: Uint8Array, offset: number): Promise<void> {
    const from = offset % RING_BYTES;
    const first = Math.min(bytes.length, RING_BYTES - from);
    await writeAll(this.#file, bytes.subarray(0, first), HEADER_BYTES + from);
    if (first < bytes.length) await writeAll(this.#file, bytes.subarray(first), HEADER_BYTES);
  }
}

/** As few as hold them: a frame costs eight bytes. */
function together(payloads: readonly Uint8Array[]): readonly Uint8Array[] {
  const groups: Uint8Array[][] = [];
  let bytes = Infinity;
  for (const payload of payloads) {
    assert(payload.length <= PAYLOAD_MAX_BYTES, 'a payload fits into a frame');
    if (bytes + payload.length > PAYLOAD_MAX_BYTES) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)?.push(payload);
    bytes += payload.length;
  }
  return groups.map((group) => Buffer.concat(group));
}

type Found =
  | { readonly kind: 'ours'; readonly file: FileHandle; readonly header: RingHeader }
  | { readonly kind: 'none' | 'foreign' };

async function openRingFile(path: string, access = constants.O_RDWR): Promise<Found> {
  let file: FileHandle;
  try {
    file = await open(path, access | constants.O_NOFOLLOW);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { kind: 'none' };
    if (error instanceof Error && 'code' in error && error.code === 'ELOOP') return { kind: 'foreign' };
    throw error;
  }
  const page = new Uint8Array(HEADER_BYTES);
  const { size } = await file.stat();
  const isWhole = size === HEADER_BYTES + RING_BYTES && (await readAll(file, page, 0));
  const header = isWhole ? decodeRingHeader(RING_BYTES, page) : undefined;
  if (header !== undefined) return { kind: 'ours', file, header };
  await file.close();
  return { kind: 'foreign' };
}

/** Under another name until it is whole: a power cut leaves no half a ring. */
async function make(path: string, gatewayId: GatewayId): Promise<FileHandle> {
  const young = `${path}.new`;
  const file = await open(young, 'w+', 0o600);
  try {
    await writeAll(file, encodeRingHeader(RING_BYTES, { gatewayId }), 0);
    await writeAll(file, new Uint8Array(RING_BYTES), HEADER_BYTES);
    await file.sync();
    await rename(young, path);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function readAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<boolean> {
  for (let at = 0; at < bytes.length;) {
    const { bytesRead } = await file.read(bytes, at, bytes.length - at, position + at);
    if (bytesRead === 0) return false;
    at += bytesRead;
  }
  return true;
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, position + at);
    at += bytesWritten;
  }
}
