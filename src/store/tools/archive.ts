import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { crc32, deflateRaw, inflateRaw } from 'node:zlib';
import * as v from 'valibot';
import { PerigeeError } from '../../domain/index.js';
import { jsonBytes, parseJson } from '../format/codec.js';
import { viewOf } from '../format/keys.js';

/**
 * A backup, as one stream; docs/storage.md says what the frames hold.
 *
 *     backup = "perigee backup 1\n" frame*
 *     frame  = kind:u8 length:u32 inflated:u32 crc:u32 body     big-endian; `length` is that of the body
 *
 * The body is raw DEFLATE. The CRC-32 is over kind, length, inflated and body. The last frame has the SHA-256 of all
 * bytes before it.
 */
const MAGIC = new TextEncoder().encode('perigee backup 1\n');
const FRAME_HEADER_BYTES = 13;
const CRC_AT = 9;
/** Far above what a frame of ours has: what says more is damaged, and takes no memory. */
const FRAME_BYTES_MAX = 16 * 1024 * 1024;

const KINDS = { header: 104, records: 114, file: 102, content: 99, failed: 120, end: 101 } as const;
export type FrameKind = keyof typeof KINDS;

export interface ArchiveFrame {
  readonly kind: FrameKind;
  /** Inflated. */
  readonly body: Uint8Array;
}

const endSchema = v.object({ frames: v.number(), sha256: v.string() });

const deflate = promisify<Uint8Array, Buffer>(deflateRaw);
const inflate = (body: Uint8Array): Promise<Buffer> =>
  new Promise((done, reject) =>
    inflateRaw(body, { maxOutputLength: FRAME_BYTES_MAX }, (error, bytes) =>
      error === null ? done(bytes) : reject(error),
    ),
  );

/** Makes the bytes of one backup, in order. */
export class ArchiveWriter {
  readonly #hash = createHash('sha256');
  #frames = 0;

  begin(): Uint8Array {
    this.#hash.update(MAGIC);
    return MAGIC;
  }

  async frame(kind: FrameKind, body: Uint8Array): Promise<Uint8Array> {
    const deflated = await deflate(body);
    const bytes = new Uint8Array(FRAME_HEADER_BYTES + deflated.length);
    const view = viewOf(bytes);
    view.setUint8(0, KINDS[kind]);
    view.setUint32(1, deflated.length);
    view.setUint32(5, body.length);
    view.setUint32(CRC_AT, crc32(deflated, crc32(bytes.subarray(0, CRC_AT))));
    bytes.set(deflated, FRAME_HEADER_BYTES);
    this.#hash.update(bytes);
    this.#frames += 1;
    return bytes;
  }

  end(): Promise<Uint8Array> {
    const sum = { frames: this.#frames, sha256: this.#hash.copy().digest('hex') };
    return this.frame('end', jsonBytes(sum));
  }
}

/** The frames of a backup but the last, which says whether they were all. @throws PerigeeError `backup-invalid`. */
export async function* archiveFrames(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ArchiveFrame> {
  const bytes = new ChunkReader(chunks);
  const hash = createHash('sha256');
  const magic = await bytes.take(MAGIC.length);
  if (magic === undefined || !Buffer.from(magic).equals(MAGIC)) throw invalid('it is no backup of Perigee');
  hash.update(magic);
  for (let frames = 0; ; frames += 1) {
    const at = bytes.taken;
    const header = await bytes.take(FRAME_HEADER_BYTES);
    if (header === undefined) throw invalid(`it ends at byte ${at}, and its end is missing`);
    const view = viewOf(header);
    const length = view.getUint32(1);
    const body = length > FRAME_BYTES_MAX ? undefined : await bytes.take(length);
    const kind = kindOf(view.getUint8(0));
    if (body === undefined) throw invalid(`it is damaged or ends at byte ${at}`);
    const crc = crc32(body, crc32(header.subarray(0, CRC_AT)));
    const inflated = crc === view.getUint32(CRC_AT) && kind ? await inflatedOf(body) : undefined;
    if (kind === undefined || inflated?.length !== view.getUint32(5))
      throw invalid(`it is damaged at byte ${at}`);
    if (kind === 'end') {
      checkEnd(inflated, frames, hash.digest('hex'));
      return;
    }
    if (kind === 'failed') throw unreadable(new TextDecoder().decode(inflated));
    hash.update(header).update(body);
    yield { kind, body: inflated };
  }
}

async function inflatedOf(body: Uint8Array): Promise<Uint8Array | undefined> {
  try {
    return await inflate(body);
  } catch {
    // The answer: it is damaged, however it came to its checksum.
    return undefined;
  }
}

function checkEnd(body: Uint8Array, frames: number, sha256: string): void {
  const end = v.safeParse(endSchema, parseJson(body));
  if (!end.success || end.output.frames !== frames || end.output.sha256 !== sha256)
    throw invalid('its checksum is not that of its content');
}

function kindOf(byte: number): FrameKind | undefined {
  return (Object.keys(KINDS) as FrameKind[]).find((kind) => KINDS[kind] === byte);
}

export function invalid(why: string): PerigeeError {
  return new PerigeeError(
    'backup-invalid',
    `this backup cannot be used: ${why}`,
    'Use another copy of it, or an older one.',
  );
}

/** Whoever made it came upon what could not be read. */
function unreadable(reason: string): PerigeeError {
  const cure = 'See `perigee store check`; what can be read of the store can be exported.';
  return new PerigeeError('store-corrupt', `the store cannot be backed up: ${reason}`, cure);
}

/** Takes from a stream as many bytes as are asked for, whatever pieces they come in. */
class ChunkReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);
  taken = 0;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Undefined where the stream ends before. */
  async take(count: number): Promise<Uint8Array | undefined> {
    const pieces = [this.#rest];
    let have = this.#rest.length;
    while (have < count) {
      const next = await this.#chunks.next();
      if (next.done === true) return undefined;
      pieces.push(next.value);
      have += next.value.length;
    }
    const all = pieces.length === 1 ? this.#rest : Buffer.concat(pieces);
    this.#rest = all.subarray(count);
    this.taken += count;
    return all.subarray(0, count);
  }
}
