import { Buffers } from './buffers.js';
import {
  advertisingReport,
  commandComplete,
  commandStatus,
  connectionComplete,
  EVENT,
  event,
  PACKET,
  STATUS,
  u16,
} from './hci.js';
import { ACL_BUFFERS, ACL_BYTES, RSSI_DBM } from './limits.js';
import type { Link as LinkOf } from './link.js';
import { CONNECTABLE, NOT_ADVERTISING, NOT_SCANNING, SCANNABLE, SCAN_RESPONSE } from './roles.js';
import type { Advertising, Scanning } from './roles.js';
import type { HciTransport } from './transport.js';

/** Handles are given from here on, the lowest free one first, as real controllers do: they come back soon. */
const FIRST_HANDLE = 0x40;
/** A host that breaks the rules more often is noted no further. */
const MAX_VIOLATIONS = 16;
/** Whom a scanner remembers to have reported; then it starts again. */
const MAX_SEEN = 256;

export type Link = LinkOf<Controller>;

/** What the controllers share: whom they hear, and who answers. */
export interface Medium {
  detach(controller: Controller): void;
  /** Whenever a controller starts or stops to advertise, scan or initiate. */
  listenersChanged(): void;
  /** One advertising event. */
  advertise(advertiser: Controller): void;
  connect(central: Controller, peripheral: Controller, interval: number): void;
  /** Of connections, for one that was asked for; in steps of 1.25 ms. */
  intervalFor(asked: number): number;
}

/** How a controller answers: with the result, or with a status now and the result as an event later. */
export type Reply =
  | { readonly kind: 'complete'; readonly status: number; readonly values: Buffer }
  | { readonly kind: 'pending'; readonly status: number; readonly then: () => void };

/** Obeys one HCI command on a controller. */
type Execute = (controller: Controller, opcode: number, parameters: Buffer) => Reply;

/** An emulated LE controller: HCI towards its host, the Air towards the others. */
export class Controller implements HciTransport {
  /** Little-endian, as on the wire. */
  readonly address: Buffer;
  /** Rules of HCI that the host broke, where a real controller might fail. */
  readonly violations: string[] = [];
  readonly #air: Medium;
  readonly #execute: Execute;
  readonly #links = new Map<number, Link>();
  readonly #buffers = new Buffers(ACL_BUFFERS);
  readonly #seen = new Set<string>();
  #advertising = NOT_ADVERTISING;
  #scanning = NOT_SCANNING;
  #initiating: { readonly peer: Buffer; readonly interval: number } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #toHost: Buffer[] = [];
  #listener: ((packet: Buffer) => void) | undefined;
  #closed = false;
  #held = false;

  constructor(air: Medium, execute: Execute, address: Buffer) {
    this.#air = air;
    this.#execute = execute;
    this.address = address;
  }

  get advertising(): Advertising {
    return this.#advertising;
  }

  get scanning(): Scanning {
    return this.#scanning;
  }

  get initiating(): Buffer | undefined {
    return this.#initiating?.peer;
  }

  get linkCount(): number {
    return this.#links.size;
  }

  get busyLinks(): number {
    return [...this.#links.values()].filter(({ isBusy }) => isBusy).length;
  }

  get listening(): boolean {
    return this.#scanning.enabled || this.#initiating !== undefined;
  }

  // Towards the host

  send(packet: Buffer): void {
    if (this.#closed) return;
    if (packet[0] === PACKET.command && packet.length >= 4) this.#command(packet);
    else if (packet[0] === PACKET.acl && packet.length >= 5) this.#acl(packet);
    else this.violate('a packet of no kind that a host sends');
  }

  onPacket(listener: (packet: Buffer) => void): void {
    this.#listener = listener;
  }

  /** It never is: it lives in the host's own process. */
  onLost(): void {
    return;
  }

  close(): void {
    if (this.#closed) return;
    this.reset(STATUS.connectionTimeout);
    this.#closed = true;
    this.#toHost = [];
    this.#air.detach(this);
  }

  /** Queues a packet for the host, who gets it from the event loop. Tests also use it to say what no air would. */
  toHost(packet: Buffer): void {
    if (this.#closed) return;
    this.#toHost.push(packet);
    if (this.#toHost.length === 1) setImmediate(() => this.#drain());
  }

  /** Whether its host takes no data for now: what is on its way waits with the sender, as for a phone out of reach. */
  get isHeld(): boolean {
    return this.#held;
  }

  hold(held: boolean): void {
    if (this.#held === held) return;
    this.#held = held;
    if (!held) for (const link of this.#links.values()) link.resume();
  }

  #drain(): void {
    const packets = this.#toHost;
    this.#toHost = [];
    for (const packet of packets) this.#listener?.(packet);
  }

  #command(packet: Buffer): void {
    const command = packet.readUInt16LE(1);
    const parameters = packet.subarray(4);
    if (parameters.length !== packet.readUInt8(3)) this.violate('a command of another length than it says');
    const reply = this.#execute(this, command, parameters);
    if (reply.kind === 'complete') {
      this.toHost(commandComplete(command, reply.status, reply.values));
    } else {
      this.toHost(commandStatus(command, reply.status));
      reply.then();
    }
  }

  #acl(packet: Buffer): void {
    const handle = packet.readUInt16LE(1) & 0x0fff;
    const data = packet.subarray(5);
    const link = this.#links.get(handle);
    if (link === undefined) this.violate('data for no connection');
    else if (data.length !== packet.readUInt16LE(3)) this.violate('data of another length than it says');
    else if (data.length > ACL_BYTES) this.violate('data longer than a buffer');
    else if (this.#buffers.areFull) this.violate('more data than there are buffers');
    else {
      this.#buffers.take(handle);
      link.push(this, (packet.readUInt16LE(1) >> 12) & 0x3, Buffer.from(data));
    }
  }

  violate(rule: string): void {
    if (this.violations.length < MAX_VIOLATIONS) this.violations.push(rule);
  }

  // What commands do

  reset(peersHear: number = STATUS.connectionTimeout): void {
    for (const link of [...this.#links.values()]) link.close(this, { own: STATUS.ok, peer: peersHear });
    this.#initiating = undefined;
    this.#advertising = NOT_ADVERTISING;
    this.#scanning = NOT_SCANNING;
    this.#seen.clear();
    this.#air.listenersChanged();
  }

  advertise(change: Partial<Advertising>): void {
    this.#advertising = { ...this.#advertising, ...change };
    this.#air.listenersChanged();
  }

  scan(change: Partial<Scanning>): void {
    this.#scanning = { ...this.#scanning, ...change };
    this.#seen.clear();
    this.#air.listenersChanged();
  }

  initiate(peer: Buffer, interval: number): void {
    this.#initiating = { peer, interval };
    this.#air.listenersChanged();
  }

  cancelInitiating(status: number): void {
    const peer = this.#initiating?.peer ?? Buffer.alloc(6);
    this.#initiating = undefined;
    this.#air.listenersChanged();
    this.toHost(connectionComplete(status, 0, 0, peer, 0));
  }

  intervalFor(asked: number): number {
    return this.#air.intervalFor(asked);
  }

  link(handle: number): Link | undefined {
    return this.#links.get(handle);
  }

  // Towards the air

  /** Advertising costs a timer only while somebody else listens. */
  pace(heard: boolean): void {
    const wanted = heard && this.#advertising.enabled;
    if (wanted === (this.#timer !== undefined)) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (!wanted) return;
    this.#timer = setInterval(() => this.#air.advertise(this), this.#advertising.intervalMs);
    this.#timer.unref();
  }

  hear(advertiser: Controller): void {
    const { type, data, scanResponse } = advertiser.advertising;
    if (type === CONNECTABLE && this.#initiating?.peer.equals(advertiser.address)) {
      this.#air.connect(this, advertiser, this.#initiating.interval);
      return;
    }
    if (!this.#scanning.enabled) return;
    this.#report(type, advertiser.address, data);
    if (this.#scanning.active && (type === CONNECTABLE || type === SCANNABLE)) {
      this.#report(SCAN_RESPONSE, advertiser.address, scanResponse);
    }
  }

  #report(type: number, address: Buffer, data: Buffer): void {
    if (this.#scanning.filterDuplicates) {
      const key = `${type} ${address.toString('hex')}`;
      if (this.#seen.has(key)) return;
      if (this.#seen.size >= MAX_SEEN) this.#seen.clear();
      this.#seen.add(key);
    }
    this.toHost(advertisingReport(type, address, data, RSSI_DBM));
  }

  freeHandle(): number {
    let handle = FIRST_HANDLE;
    while (this.#links.has(handle)) handle++;
    return handle;
  }

  connected(link: Link, interval: number): void {
    const { handle, role } = link.endOf(this);
    this.#links.set(handle, link);
    // Legacy advertising ends with the connection that it brought, and so does initiating.
    if (role === 'peripheral') this.#advertising = { ...this.#advertising, enabled: false };
    else this.#initiating = undefined;
    const peer = link.peerOf(this).controller.address;
    this.toHost(connectionComplete(STATUS.ok, handle, role === 'central' ? 0 : 1, peer, interval));
  }

  completed(handle: number, packets: number): void {
    this.#buffers.giveBack(handle, packets);
    this.toHost(event(EVENT.completedPackets, Buffer.of(1), u16(handle), u16(packets)));
  }

  disconnected(handle: number, reason: number): void {
    this.#links.delete(handle);
    this.#buffers.free(handle);
    // A host that has reset its controller, or left, hears no more of its connections (7.3.2).
    if (reason !== STATUS.ok) {
      this.toHost(event(EVENT.disconnectionComplete, Buffer.of(STATUS.ok), u16(handle), Buffer.of(reason)));
    }
  }
}
