import { EventEmitter } from 'node:events';
import type { HciTransport } from './transport.js';

/** Where a stand-in socket finds the virtual device of a number. */
type DeviceLookup = (device: number) => HciTransport | undefined;

/**
 * The class that takes the place of both bluetooth-hci-socket packages: the same methods and events, over an
 * HciTransport. `loadDriver` is how @stoprocent's stack asks for it.
 */
export function hciSocketClass(lookup: DeviceLookup): new () => EventEmitter {
  class HciSocket extends EventEmitter {
    static loadDriver(): new () => EventEmitter {
      return HciSocket;
    }

    #transport: HciTransport | undefined;
    #started = false;
    #lost: string | undefined;

    bindUser(device: number): number {
      this.#transport = lookup(device);
      if (this.#transport === undefined) throw new Error(`there is no virtual Bluetooth device ${device}`);
      return device;
    }

    bindRaw(device: number): number {
      return this.bindUser(device);
    }

    /** The management channel: there is no kernel behind it, and nobody waits for its answers. */
    bindControl(): void {
      return;
    }

    start(): void {
      this.#started = true;
      this.#transport?.onPacket((packet) => {
        if (this.#started) this.emit('data', packet);
      });
      this.#transport?.onLost((reason) => {
        this.#lost = reason;
        if (this.#started) this.emit('error', new Error(reason));
      });
    }

    stop(): void {
      this.#started = false;
    }

    isDevUp(): boolean {
      return this.#transport !== undefined;
    }

    /** A virtual device sends nothing that a host would want filtered. */
    setFilter(): void {
      return;
    }

    /** As native code does: a write that fails says so before it returns. */
    write(packet: Buffer): void {
      if (!this.#started) return;
      if (this.#lost === undefined) this.#transport?.send(packet);
      else this.emit('error', new Error(this.#lost));
    }
  }
  // As native code defines it: what would have to replace it is to notice that here.
  Object.defineProperty(HciSocket.prototype, 'write', { writable: false });
  return HciSocket;
}
