import { aclPacket, BOUNDARY } from './hci.js';
import type { Budget, Pace, StartPace } from './pace.js';

interface Fragment {
  readonly continuing: boolean;
  readonly data: Buffer;
}

/** What a link asks of the controllers that it joins. */
interface Station {
  /** Of its links, those that have something to carry. */
  readonly busyLinks: number;
  /** Takes nothing for now. */
  readonly isHeld: boolean;
  freeHandle(): number;
  toHost(packet: Buffer): void;
  completed(handle: number, packets: number): void;
  disconnected(handle: number, reason: number): void;
}

/** One controller's end of a connection. */
interface LinkEnd<S extends Station> {
  readonly controller: S;
  readonly role: 'central' | 'peripheral';
  readonly handle: number;
  readonly outgoing: Fragment[];
}

/**
 * A connection: moves ACL packets from one controller to the other, in order and at its pace, and gives the sender its
 * buffers back. What waits is bounded by those buffers, which the sender's controller counts.
 */
export class Link<S extends Station> {
  readonly #ends: readonly [LinkEnd<S>, LinkEnd<S>];
  readonly #pace: Pace;
  #open = true;

  constructor(central: S, peripheral: S, startPace: StartPace) {
    this.#ends = [
      { controller: central, role: 'central', handle: central.freeHandle(), outgoing: [] },
      { controller: peripheral, role: 'peripheral', handle: peripheral.freeHandle(), outgoing: [] },
    ];
    this.#pace = startPace((budget) => this.#carry(budget));
  }

  get ends(): readonly LinkEnd<S>[] {
    return this.#ends;
  }

  get isBusy(): boolean {
    return this.#ends.some(
      ({ controller, outgoing }) => outgoing.length > 0 && !this.peerOf(controller).controller.isHeld,
    );
  }

  /** An end takes data again. */
  resume(): void {
    if (this.isBusy) this.#pace.request();
  }

  endOf(controller: S): LinkEnd<S> {
    return this.#ends[controller === this.#ends[0].controller ? 0 : 1];
  }

  peerOf(controller: S): LinkEnd<S> {
    return this.#ends[controller === this.#ends[0].controller ? 1 : 0];
  }

  push(from: S, boundary: number, data: Buffer): void {
    this.endOf(from).outgoing.push({ continuing: boundary === BOUNDARY.continuing, data });
    this.#pace.request();
  }

  #carry(budget: Budget): void {
    const packets = budget(Math.max(...this.#ends.map(({ controller }) => controller.busyLinks)));
    for (const end of this.#ends) {
      const peer = this.peerOf(end.controller);
      if (peer.controller.isHeld) continue;
      const fragments = end.outgoing.splice(0, packets);
      for (const { continuing, data } of fragments) {
        const boundary = continuing ? BOUNDARY.continuing : BOUNDARY.firstToHost;
        peer.controller.toHost(aclPacket(peer.handle, boundary, data));
      }
      if (fragments.length > 0) end.controller.completed(end.handle, fragments.length);
    }
    this.resume();
  }

  /** Ends the connection; `reasons` is what each side hears, 0 for nothing. */
  close(by: S, reasons: { readonly own: number; readonly peer: number }): void {
    if (!this.#open) return;
    this.#open = false;
    this.#pace.stop();
    by.disconnected(this.endOf(by).handle, reasons.own);
    const peer = this.peerOf(by);
    peer.controller.disconnected(peer.handle, reasons.peer);
  }
}
