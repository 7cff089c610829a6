import { closeSync, mkdirSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import type { RunId } from '../domain/index.js';
import { segmentPath, segmentsIn } from './segments.js';

/** A full ring drops its oldest quarter: three quarters of the limit are always there, and few files are made. */
const SEGMENTS = 4;

/** A guest that survived its gateway went on printing, and nobody listened. */
const AWAY_MARK = '\n[the gateway was away: what was printed meanwhile is not kept]\n';

export interface RingOptions {
  readonly directory: string;
  readonly id: RunId;
  readonly maxBytes: number;
  /** Told once; the run goes on, and the rest of its console is not kept. */
  readonly failed: (error: unknown) => void;
  readonly closed: (bytes: number) => void;
}

interface OpenSegment {
  readonly file: number;
  readonly start: number;
  bytes: number;
}

/** The newest of one run's console. A reader finds it at any time, and can tell what is gone: see segments.ts. */
export class Ring implements Disposable {
  readonly #options: RingOptions;
  readonly #segmentBytes: number;
  /** Those that are complete, oldest first. */
  #full: { readonly start: number; readonly bytes: number }[] = [];
  #current: OpenSegment | undefined;
  #begun = false;
  #open = true;

  constructor(options: RingOptions) {
    this.#options = options;
    this.#segmentBytes = Math.floor(options.maxBytes / SEGMENTS);
  }

  append(chunk: Uint8Array): void {
    if (!this.#open) return;
    try {
      this.#begin();
      for (let at = 0; at < chunk.length;) at += this.#write(chunk.subarray(at));
    } catch (error) {
      this[Symbol.dispose]();
      this.#options.failed(error);
    }
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    if (this.#current) closeSync(this.#current.file);
    this.#options.closed(this.#bytes());
  }

  /** Not before there is something to keep: a guest that prints nothing has no file. */
  #begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    const { directory, id } = this.#options;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.#full = segmentsIn(directory, id).map(({ path, start }) => ({ start, bytes: statSync(path).size }));
    if (this.#full.length > 0) this.#write(Buffer.from(AWAY_MARK));
  }

  /** As much as goes into one file; how much that was. */
  #write(bytes: Uint8Array): number {
    const current = this.#withRoom();
    const written = writeSync(current.file, bytes.subarray(0, this.#segmentBytes - current.bytes));
    current.bytes += written;
    return written;
  }

  #withRoom(): OpenSegment {
    const last = this.#current;
    if (last && last.bytes < this.#segmentBytes) return last;
    if (last) {
      closeSync(last.file);
      this.#full.push({ start: last.start, bytes: last.bytes });
      this.#current = undefined;
    }
    this.#makeRoom();
    const { directory, id } = this.#options;
    const before = this.#full.at(-1);
    const start = before === undefined ? 0 : before.start + before.bytes;
    this.#current = { file: openSync(segmentPath(directory, id, start), 'a', 0o600), start, bytes: 0 };
    return this.#current;
  }

  #makeRoom(): void {
    const { directory, id, maxBytes } = this.#options;
    while (this.#bytes() + this.#segmentBytes > maxBytes) {
      const oldest = this.#full.shift();
      if (oldest === undefined) return;
      rmSync(segmentPath(directory, id, oldest.start), { force: true });
    }
  }

  #bytes(): number {
    return this.#full.reduce((sum, { bytes }) => sum + bytes, this.#current?.bytes ?? 0);
  }
}
