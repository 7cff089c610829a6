import { Duplex } from 'node:stream';
import type { TcpConnection, TcpUser } from './tcp.js';

/** Sent and not acknowledged; whoever writes has to wait beyond it. */
const MAX_UNSENT_BYTES = 16 * 1024;

/** A connection as Node's streams know one, so that Node's own HTTP server can be given it. */
export class TcpStream extends Duplex implements TcpUser {
  readonly #connection: () => TcpConnection;
  readonly #nowUs: () => number;
  #writer: (() => void) | undefined;
  #finishing = false;

  constructor(connection: () => TcpConnection, nowUs: () => number) {
    super({ allowHalfOpen: true });
    this.#connection = connection;
    this.#nowUs = nowUs;
    // What went wrong was the guest's; its connection has gone, and that is all.
    this.on('error', () => undefined);
  }

  received(bytes: Buffer): void {
    // It goes on sending to nobody.
    if (this.destroyed) return this.#connection().abort();
    // A copy: a small part would hold the whole chunk that it came in.
    this.push(Buffer.from(bytes));
  }

  acknowledged(): void {
    if (this.#connection().unsent > MAX_UNSENT_BYTES) return;
    const writer = this.#writer;
    this.#writer = undefined;
    writer?.();
  }

  finished(): void {
    if (!this.destroyed) this.push(null);
  }

  gone(): void {
    this.destroy();
  }

  unread(): number {
    return this.destroyed ? 0 : this.readableLength;
  }

  /** Called while the bytes are still here. */
  override _read(): void {
    setImmediate(() => this.#connection().opened());
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#writer = done;
    this.#connection().send(chunk, this.#nowUs());
    this.acknowledged();
  }

  override _final(done: () => void): void {
    this.#finishing = true;
    this.#connection().finish(this.#nowUs());
    done();
  }

  /** What was written to its end is still delivered; everything else is cut off. */
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (error || !this.#finishing) this.#connection().abort();
    done(error);
  }
}
