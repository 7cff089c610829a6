import { closeSync } from 'node:fs';
import { join } from 'node:path';
import { descriptorsOf, hciSockets } from './surroundings.js';

/** The Bluetooth sockets that a driver's native code opens in this process: it tells nobody of their descriptors. */
export class NativeSockets {
  readonly #proc: string;
  readonly #opened = new Map<number, string>();

  constructor(proc: string) {
    this.#proc = proc;
  }

  /** Runs what opens some, and nothing else. */
  during<T>(open: () => T): T {
    const before = this.#all();
    try {
      return open();
    } finally {
      for (const [descriptor, socket] of this.#all())
        if (before.get(descriptor) !== socket) this.#opened.set(descriptor, socket);
    }
  }

  get count(): number {
    return this.#opened.size;
  }

  /** Those that are still there. */
  close(): void {
    const now = this.#all();
    for (const [descriptor, socket] of this.#opened)
      if (now.get(descriptor) === socket) closeSync(descriptor);
    this.#opened.clear();
  }

  #all(): ReadonlyMap<number, string> {
    const sockets = new Set(hciSockets(this.#proc));
    if (sockets.size === 0) return new Map();
    return new Map(descriptorsOf(join(this.#proc, 'self/fd')).filter(([, target]) => sockets.has(target)));
  }
}
