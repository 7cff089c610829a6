/** Little-endian fields of a file's beginning. What lies beyond its end is undefined, and so equals nothing. */
export class Fields {
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get length(): number {
    return this.#view.byteLength;
  }

  u8(at: number): number | undefined {
    return this.#holds(at, 1) ? this.#view.getUint8(at) : undefined;
  }

  u16(at: number): number | undefined {
    return this.#holds(at, 2) ? this.#view.getUint16(at, true) : undefined;
  }

  u32(at: number): number | undefined {
    return this.#holds(at, 4) ? this.#view.getUint32(at, true) : undefined;
  }

  u32BigEndian(at: number): number | undefined {
    return this.#holds(at, 4) ? this.#view.getUint32(at, false) : undefined;
  }

  /** Undefined also for a number beyond 2^53: no offset or size of a file comes near it. */
  u64(at: number): number | undefined {
    return this.#holds(at, 8) ? exact(this.#view.getBigUint64(at, true)) : undefined;
  }

  u64BigEndian(at: number): number | undefined {
    return this.#holds(at, 8) ? exact(this.#view.getBigUint64(at, false)) : undefined;
  }

  /** Whether these characters, a byte each, are there. */
  says(at: number, text: string): boolean {
    return this.#holds(at, text.length) && this.text(at, text.length) === text;
  }

  /** As many as there are, a character each, up to the first zero byte. */
  text(at: number, length: number): string {
    let text = '';
    for (let index = at; index < at + length; index += 1) {
      const code = this.u8(index);
      if (code === undefined || code === 0) break;
      text += String.fromCharCode(code);
    }
    return text;
  }

  #holds(at: number, length: number): boolean {
    return Number.isSafeInteger(at) && at >= 0 && at + length <= this.length;
  }
}

function exact(value: bigint): number | undefined {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : undefined;
}
