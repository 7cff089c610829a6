import { constants } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from '../domain/index.js';
import { PAYLOAD_MAX_BYTES, encodeFrame, framesIn } from './frames.js';
import type { Frame } from './frames.js';

export const RING_FILE = 'head.ring';
/** Twice what the head holds at most, so that what is written never meets what is still needed. */
export const RING_BYTES = 2 * 1024 * 1024;
/** The unit in which a card's file system writes. */
const PAGE_BYTES = 4096;
/** Of the file; the ring itself begins behind it, on a page of its own. */
const HEADER = Buffer.alloc(PAGE_BYTES);
HEADER.write(`perigee head log 1, a ring of ${RING_BYTES} bytes\n`);

/**
 * The head log on the card: a file that is made full length once and written round and round, so that a sync writes
 * data and no bookkeeping of the file system.
 */
export class HeadRing implements AsyncDisposable {
  readonly #file: FileHandle;
  /** Where what is needed begins, and where the next frame goes; counted over all laps. */
  #start = 0;
  #end = 0;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /**
   * Opens or makes the ring of a store's folder. One that is none of ours is set aside under another name: `aside` says
   * which.
   */
  static async open(folder: string): Promise<{ readonly ring: HeadRing; readonly aside?: string }> {
    const path = join(folder, RING_FILE);
    const found = await openOurs(path);
    if (found.kind === 'ours') return { ring: new HeadRing(found.file) };
    const aside = found.kind === 'foreign' ? await setAside(path) : undefined;
    const ring = new HeadRing(await make(path));
    return aside === undefined ? { ring } : { ring, aside };
  }

  /** Every whole frame from `start` on. */
  async read(start: number): Promise<readonly Frame[]> {
    const bytes = new Uint8Array(RING_BYTES);
    await readAll(this.#file, bytes, HEADER.length);
    return [...framesIn(bytes, start)];
  }

  /** Writes from the beginning of the lap that follows `end`: no frame that is in the ring now can be read there. */
  beginLapBehind(end: number): void {
    this.#end = (Math.floor(end / RING_BYTES) + 1) * RING_BYTES;
    this.#start = this.#end;
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
    await writeAll(this.#file, bytes.subarray(0, first), HEADER.length + from);
    if (first < bytes.length) await writeAll(this.#file, bytes.subarray(first), HEADER.length);
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
  | { readonly kind: 'ours'; readonly file: FileHandle }
  | { readonly kind: 'none' }
  | { readonly kind: 'foreign' };

async function openOurs(path: string): Promise<Found> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDWR | constants.O_NOFOLLOW);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { kind: 'none' };
    if (error instanceof Error && 'code' in error && error.code === 'ELOOP') return { kind: 'foreign' };
    throw error;
  }
  const header = new Uint8Array(HEADER.length);
  const { size } = await file.stat();
  if (size === HEADER.length + RING_BYTES && (await readAll(file, header, 0)) && HEADER.equals(header))
    return { kind: 'ours', file };
  await file.close();
  return { kind: 'foreign' };
}

async function setAside(path: string): Promise<string> {
  const aside = `${path}.aside`;
  await rename(path, aside);
  return aside;
}

/** Under another name until it is whole: a power cut leaves no half a ring. */
async function make(path: string): Promise<FileHandle> {
  const young = `${path}.new`;
  const file = await open(young, 'w+', 0o600);
  try {
    await writeAll(file, HEADER, 0);
    await writeAll(file, new Uint8Array(RING_BYTES), HEADER.length);
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
