import {
  BulkSender,
  STATUS,
  decodeCredit,
  encodeStatus,
  fragments,
  fromChannel,
  GatewaySession,
  inChannel,
  pieceBytes,
} from '@perigee/gatt';
import type { Curve25519, KeyPair, Status } from '@perigee/gatt';
import { perigee } from '@perigee/proto';
import { PerigeeError } from '../domain/index.js';
import type { Clock, GattLink, GattListener, GatewayControl, Logger, TimeKeeper } from '../domain/index.js';
import type { HistoryPacker } from '../domain/index.js';
import type { Allowances } from './allowances.js';
import type { Result } from './commands.js';
import type { Doorkeeper, NamedInvitation } from './doorkeeper.js';
import { Errands } from './errands.js';
import type { Handshakes } from './handshakes.js';
import { encodeSaid, encodeWelcome, welcome } from './messages.js';
import type { GatewayName } from './messages.js';
import { Outbox } from './outbox.js';

/** After a welcome, the phone's first message takes two connection events. */
const UNPROVED_US = 30e6;
/** A phone in a pocket: its app opens another session when it is looked at again. */
const IDLE_US = 15 * 60e6;
/** Whoever wants a session opens it at once; without one, a connection only keeps another phone out. */
const ALONE_US = 60e6;
/** A link that takes nothing for so long has no phone at its other end. */
const STALLED_US = 30e6;

export interface PhoneParts {
  readonly curve: Curve25519;
  readonly identity: KeyPair;
  readonly gateway: GatewayName;
  readonly access: Doorkeeper;
  readonly control: GatewayControl;
  readonly history: HistoryPacker;
  readonly time: TimeKeeper;
  readonly handshakes: Handshakes;
  readonly allowances: Allowances;
  /** By connection, how long it had subscribed without a session when it unsubscribed: to do so again begins nothing anew. */
  readonly aloneUs: WeakMap<object, number>;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Enrolling {
  readonly kind: 'enrolling';
  readonly key: string;
  readonly invitation: NamedInvitation;
  readonly sinceUs: number;
}

/** Whose session it is. Nothing is done for a phone before its first message is opened: a hello may be a replay. */
type Peer =
  | { readonly kind: 'nobody' }
  | { readonly kind: 'greeted'; readonly key: string; readonly sinceUs: number }
  | Enrolling
  | { readonly kind: 'known'; readonly key: string };

const TAKEN = 0;

/** One phone's conversation: its session, its commands, and what it is told. */
export class Phone implements GattListener {
  readonly #parts: PhoneParts;
  readonly #link: GattLink;
  readonly #session: GatewaySession;
  readonly #outbox: Outbox;
  #peer: Peer;
  /** Of this session: what an earlier one was still doing is not told to the next. */
  #errands: Errands | undefined;
  /** What the phone fetches, one at a time. */
  #bulk: BulkSender | undefined;
  #heardUs: number;
  /** Since when nobody has shown whose phone this is. */
  #aloneSinceUs: number;
  #isLeaving = false;

  constructor(link: GattLink, parts: PhoneParts) {
    const { curve, handshakes, identity } = parts;
    this.#parts = parts;
    this.#link = link;
    this.#session = new GatewaySession({
      ...{ curve, keys: identity },
      mayBegin: () => handshakes.mayBegin(link.connection, this.#nowUs()),
    });
    this.#outbox = new Outbox(
      link,
      (plaintext) => this.#session.seal(plaintext),
      () => this.#nextPiece(),
    );
    this.#heardUs = this.#nowUs();
    this.#aloneSinceUs = this.#heardUs - (parts.aloneUs.get(link.connection) ?? 0);
    this.#peer = { kind: 'nobody' };
  }

  receive = (value: Uint8Array): number => {
    this.#heardUs = this.#nowUs();
    const event = this.#session.receive(value);
    switch (event.kind) {
      case 'nothing':
        return TAKEN;
      case 'hello':
        return this.#hello(hex(event.phoneKey), event.invitation && hex(event.invitation));
      case 'message':
        return this.#message(event.plaintext);
      case 'fault':
        return this.#refuse(event.status, event.reason);
    }
  };

  ready = (): void => this.#outbox.pump(this.#nowUs());

  ended = (): void => {
    this.#end();
    this.#parts.aloneUs.set(this.#link.connection, this.#nowUs() - this.#aloneSinceUs);
  };

  /** Ends what has lasted too long, or is allowed no more. Called every second or so. */
  look(): void {
    const nowUs = this.#nowUs();
    const peer = this.#peer;
    if (nowUs - (this.#outbox.stalledSinceUs ?? nowUs) >= STALLED_US)
      this.#leave('a phone that takes nothing');
    else if (peer.kind === 'nobody') {
      if (nowUs - this.#aloneSinceUs >= ALONE_US) this.#leave('a phone that subscribed and has no session');
    } else if (peer.kind === 'known' && this.#parts.access.holder(peer.key) === undefined)
      this.#refuse('not-enrolled', 'a grant that was revoked or has expired');
    else if (peer.kind !== 'known' && nowUs - peer.sinceUs >= UNPROVED_US)
      this.#refuse('no-session', 'a phone that said hello and nothing more');
    else if (nowUs - this.#heardUs >= IDLE_US && this.#errands?.isTelling !== true) this.#tell('no-session');
  }

  #hello(key: string, invitationId: string | undefined): number {
    this.#forget();
    const { access, clock, gateway } = this.#parts;
    const invitation = invitationId === undefined ? undefined : access.attempt(invitationId);
    const terms = invitationId === undefined ? access.holder(key) : invitation?.terms;
    if (terms === undefined)
      return this.#refuse(
        'not-enrolled',
        invitationId === undefined ? access.whyNot(key) : 'an invitation that is not out',
      );
    const payload = encodeWelcome(welcome(gateway, terms, clock.wallMs()));
    const message = this.#session.accept(payload, invitation?.secret);
    if (message === undefined) return this.#refuse('bad-frame', 'a key of low order');
    const sinceUs = this.#nowUs();
    this.#peer =
      invitation === undefined
        ? { kind: 'greeted', key, sinceUs }
        : { kind: 'enrolling', key, invitation, sinceUs };
    this.#outbox.welcome(message, sinceUs);
    return TAKEN;
  }

  #message(plaintext: Uint8Array): number {
    const said = fromChannel(plaintext);
    if (said?.channel === 'credit') return this.#grant(said.body);
    const command = said?.channel === 'control' ? decodeCommand(said.body) : undefined;
    if (command === undefined) return this.#refuse('bad-frame', 'a message that is no command');
    const peer = this.#peer;
    const { gateway } = this.#parts;
    const errands = (this.#errands ??= new Errands({
      ...this.#parts,
      sources: { ...this.#parts, gatewayId: gateway.gatewayId },
      offer: (snapshot) => (this.#bulk = new BulkSender(snapshot)),
      say: (said, delivery) => {
        if (!this.#outbox.push(inChannel('control', encodeSaid(said)), delivery, this.#nowUs()))
          this.#refuse('busy', 'a phone that asks for more than it takes');
      },
    }));
    if ('key' in peer && !this.#parts.allowances.take(peer.key, command.what, this.#nowUs())) {
      errands.refuseOften(command.id);
      return this.#takenBy(errands);
    }
    if (peer.kind === 'enrolling') {
      errands.run(command.id, () => this.#enrol(command, peer));
      return this.#takenBy(errands);
    }
    if (peer.kind === 'greeted') {
      this.#peer = { kind: 'known', key: peer.key };
      const who = this.#parts.access.holder(peer.key)?.name ?? '';
      this.#parts.access.note({ act: 'session', who, detail: 'opened' });
    }
    const holder = 'key' in this.#peer ? this.#parts.access.holder(this.#peer.key) : undefined;
    errands.run(command.id, () => errands.obey(command, holder));
    return this.#takenBy(errands);
  }

  /** A refusal for which there is no room has ended the session; the link is full, so only the write can say so. */
  #takenBy(errands: Errands): number {
    return this.#errands === errands ? TAKEN : STATUS.busy;
  }

  #grant(body: Uint8Array): number {
    const credit = decodeCredit(body);
    if (credit === undefined || this.#bulk?.grant(credit) === false)
      return this.#refuse('bad-frame', 'a credit that no phone of ours would give');
    this.#outbox.pump(this.#nowUs());
    return TAKEN;
  }

  #nextPiece(): Uint8Array | undefined {
    const piece = this.#bulk?.take(pieceBytes(this.#link.maxBytes));
    if (this.#bulk?.isDone === true) this.#bulk = undefined;
    return piece && inChannel('bulk', piece);
  }

  async #enrol(command: perigee.v1.Command, { invitation, key }: Enrolling): Promise<Result> {
    if (command.what !== 'enrol')
      throw new PerigeeError('access-refused', 'this phone has not enrolled yet', 'Send Enrol first.');
    const technician = await this.#parts.access.enrol(invitation, key);
    if (this.#peer.kind === 'enrolling' && this.#peer.key === key) this.#peer = { kind: 'known', key };
    return { enrolled: welcome(this.#parts.gateway, technician, this.#parts.clock.wallMs()) };
  }

  /** Once: the connection may take a while to end. */
  #leave(reason: string): void {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    this.#parts.access.refuse(reason);
    this.#link.disconnect();
  }

  #refuse(status: Status, reason: string): number {
    this.#parts.access.refuse(reason);
    return this.#tell(status);
  }

  /** Ends the session, and says so in the clear; also as the answer to what the phone wrote, if it did. */
  #tell(status: Status): number {
    this.#end();
    for (const fragment of fragments('status', encodeStatus(status), this.#link.maxBytes))
      this.#link.send(fragment);
    return STATUS[status];
  }

  #end(): void {
    this.#session.end();
    this.#forget();
  }

  #forget(): void {
    if (this.#peer.kind === 'known') this.#aloneSinceUs = this.#nowUs();
    this.#peer = { kind: 'nobody' };
    this.#outbox.clear();
    this.#bulk = undefined;
    this.#errands?.end();
    this.#errands = undefined;
  }

  #nowUs(): number {
    return this.#parts.clock.monotonicUs();
  }
}

function decodeCommand(body: Uint8Array): perigee.v1.Command | undefined {
  try {
    return perigee.v1.Command.decode(body);
  } catch {
    // The phone sealed it, and it is no protobuf all the same: the library has no other way to say so.
    return undefined;
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
