import { MTU } from './ethernet.js';
import { ACK, FIN, PSH, RST, SYN, type Segment } from './tcp-segment.js';

/** Some requests' worth: what is not read yet is held, and no more is taken. */
export const WINDOW_BYTES = 16 * 1024;
const MSS = MTU - 40;
/** A guest that wants smaller ones would have us send a packet a byte. */
const LEAST_MSS = 64;
/** RFC 9293, 3.7.1: of whoever does not say. */
const DEFAULT_MSS = 536;

/** Both ends are on one board; what is lost was dropped by a guest that was too busy to take it. */
const FIRST_RETRY_US = 300_000;
const MAX_RETRIES = 6;
/** A peer of which nothing is heard. */
export const IDLE_US = 15_000_000;

const NOTHING = Buffer.alloc(0);

/** Whoever reads and writes the bytes of one connection. */
export interface TcpUser {
  received(bytes: Buffer): void;
  /** The peer has taken some of what was sent. */
  acknowledged(): void;
  /** The peer will send no more. */
  finished(): void;
  /** Nothing is left of the connection. */
  gone(): void;
  /** What was received and is not read yet. */
  unread(): number;
}

/**
 * The passive half of TCP (RFC 9293), as small as one link to one guest allows: segments in order only, no options but the
 * segment size, and go-back-N for what is not acknowledged. Pure: time is given, and segments go out by `transmit`.
 */
export class TcpConnection {
  readonly #peerPort: number;
  readonly #ownPort: number;
  readonly #mss: number;
  readonly #transmit: (segment: Segment) => void;
  readonly #user: TcpUser;
  /** The next byte that we expect. */
  #expected: number;
  /** The first byte that is not acknowledged; that is the first of `#outgoing` once our SYN is. */
  #unacknowledged: number;
  /** Behind the last byte that was ever sent. */
  #sentUpTo: number;
  #outgoing = NOTHING;
  /** Of `#outgoing`, since the last retry. */
  #inFlight = 0;
  #open = false;
  #peerWindow: number;
  #peerFinished = false;
  #finishing = false;
  #finSent = false;
  #finAcknowledged = false;
  /** As the peer knows it. */
  #toldWindow = 0;
  #retries = 0;
  #retryAtUs: number | undefined;
  #heardUs: number;
  #isClosed = false;

  constructor(syn: Segment, transmit: (segment: Segment) => void, connected: TcpUser, nowUs: number) {
    this.#peerPort = syn.fromPort;
    this.#ownPort = syn.toPort;
    this.#mss = Math.max(LEAST_MSS, Math.min(MSS, syn.mss ?? DEFAULT_MSS));
    this.#transmit = transmit;
    this.#user = connected;
    this.#expected = next(syn.sequence, 1);
    // RFC 9293, 3.4.1: a clock that ticks every four microseconds.
    this.#unacknowledged = Math.floor(nowUs / 4) >>> 0;
    this.#sentUpTo = next(this.#unacknowledged, 1);
    this.#peerWindow = syn.window;
    this.#heardUs = nowUs;
    this.#greet(nowUs);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Not acknowledged, or not even sent. */
  get unsent(): number {
    return this.#outgoing.length;
  }

  receive(segment: Segment, nowUs: number): void {
    if (this.#isClosed) return;
    if ((segment.flags & RST) !== 0) {
      // RFC 5961, 3.2: only the exact one.
      if (segment.sequence === this.#expected) this.#close();
      return;
    }
    if ((segment.flags & SYN) !== 0) return this.#open ? this.#acknowledge() : this.#greet(nowUs);
    if ((segment.flags & ACK) === 0) return;
    this.#heardUs = nowUs;
    if (!this.#take(segment, nowUs)) return this.#acknowledge();
    this.#peerWindow = segment.window;
    this.#deliver(segment);
    this.#pump(nowUs);
    this.#closeIfDone();
  }

  send(bytes: Buffer, nowUs: number): void {
    if (this.#isClosed || this.#finishing) return;
    this.#outgoing = Buffer.concat([this.#outgoing, bytes]);
    this.#pump(nowUs);
  }

  /** We will send no more. */
  finish(nowUs: number): void {
    if (this.#isClosed) return;
    this.#finishing = true;
    this.#pump(nowUs);
  }

  /** The user has read: a window that was told to be small may be large by now. */
  opened(): void {
    if (!this.#isClosed && this.#open && this.#window() - this.#toldWindow >= MSS) this.#acknowledge();
  }

  abort(): void {
    if (this.#isClosed) return;
    this.#put(RST | ACK, this.#sentUpTo);
    this.#close();
  }

  tick(nowUs: number): void {
    if (this.#isClosed) return;
    if (nowUs - this.#heardUs > IDLE_US) return this.abort();
    this.opened();
    if (this.#retryAtUs === undefined || nowUs < this.#retryAtUs) return;
    this.#retries += 1;
    if (this.#retries > MAX_RETRIES) return this.abort();
    if (!this.#open) return this.#greet(nowUs);
    this.#inFlight = 0;
    this.#finSent = false;
    this.#retryAtUs = undefined;
    // A window that is shut is asked with a byte (RFC 9293, 3.8.6.1).
    this.#peerWindow = Math.max(1, this.#peerWindow);
    this.#pump(nowUs);
  }

  #greet(nowUs: number): void {
    this.#put(SYN | ACK, this.#unacknowledged, NOTHING, MSS);
    this.#arm(nowUs);
  }

  /** What the peer has of ours. False for what we never sent. */
  #take({ acknowledged }: Segment, nowUs: number): boolean {
    const count = distance(this.#unacknowledged, acknowledged);
    // An old one says nothing new.
    if (count < 0) return true;
    if (count > distance(this.#unacknowledged, this.#sentUpTo)) return false;
    if (count === 0) return this.#open;
    const bytes = Math.min(this.#outgoing.length, this.#open ? count : count - 1);
    if (this.#open && count > this.#outgoing.length) this.#finAcknowledged = true;
    this.#open = true;
    this.#unacknowledged = acknowledged;
    this.#outgoing = this.#outgoing.subarray(bytes);
    this.#inFlight = Math.max(0, this.#inFlight - bytes);
    this.#retries = 0;
    this.#retryAtUs = undefined;
    if (this.#awaits) this.#arm(nowUs);
    this.#user.acknowledged();
    return true;
  }

  #deliver({ flags, payload, sequence }: Segment): void {
    const fin = (flags & FIN) !== 0;
    if (payload.length === 0 && !fin) return;
    const known = distance(sequence, this.#expected);
    if (known >= 0 && known <= payload.length && !this.#peerFinished) {
      const fresh = payload.subarray(known, known + this.#window());
      this.#expected = next(this.#expected, fresh.length);
      if (fresh.length > 0) this.#user.received(fresh);
      if (fin && known + fresh.length === payload.length) {
        this.#expected = next(this.#expected, 1);
        this.#peerFinished = true;
        this.#user.finished();
      }
    }
    this.#acknowledge();
  }

  #pump(nowUs: number): void {
    if (!this.#open || this.#isClosed) return;
    while (this.#inFlight < this.#outgoing.length) {
      const room = Math.min(this.#mss, this.#peerWindow - this.#inFlight);
      if (room <= 0) break;
      const bytes = this.#outgoing.subarray(this.#inFlight, this.#inFlight + room);
      this.#put(PSH | ACK, next(this.#unacknowledged, this.#inFlight), bytes);
      this.#inFlight += bytes.length;
      this.#reached(this.#inFlight);
    }
    if (
      this.#finishing &&
      !this.#finSent &&
      this.#inFlight === this.#outgoing.length &&
      !this.#finAcknowledged
    ) {
      this.#put(FIN | ACK, next(this.#unacknowledged, this.#inFlight));
      this.#finSent = true;
      this.#reached(this.#inFlight + 1);
    }
    // Not again: whoever keeps talking would put it off for ever.
    if (this.#awaits && this.#retryAtUs === undefined) this.#arm(nowUs);
  }

  get #awaits(): boolean {
    return this.#outgoing.length > 0 || (this.#finSent && !this.#finAcknowledged);
  }

  #reached(count: number): void {
    const end = next(this.#unacknowledged, count);
    if (distance(this.#sentUpTo, end) > 0) this.#sentUpTo = end;
  }

  #arm(nowUs: number): void {
    this.#retryAtUs = nowUs + FIRST_RETRY_US * 2 ** this.#retries;
  }

  #window(): number {
    return Math.max(0, WINDOW_BYTES - this.#user.unread());
  }

  #acknowledge(): void {
    this.#put(
      ACK,
      next(this.#unacknowledged, this.#inFlight + (this.#finSent && !this.#finAcknowledged ? 1 : 0)),
    );
  }

  #put(flags: number, sequence: number, payload = NOTHING, mss?: number): void {
    this.#toldWindow = this.#window();
    this.#transmit({
      ...{ fromPort: this.#ownPort, toPort: this.#peerPort, sequence, acknowledged: this.#expected },
      ...{ flags, window: this.#toldWindow, payload },
      ...(mss === undefined ? {} : { mss }),
    });
  }

  #closeIfDone(): void {
    if (this.#peerFinished && this.#finAcknowledged) this.#close();
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#outgoing = NOTHING;
    this.#user.gone();
  }
}

/** Sequence numbers go round. */
function next(sequence: number, by: number): number {
  return (sequence + by) >>> 0;
}

function distance(from: number, to: number): number {
  return (to - from) | 0;
}
