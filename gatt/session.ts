import type { Curve25519, KeyPair } from './curve.js';
import { Reassembler } from './frames.js';
import { INVITATION_ID_BYTES } from './invitation.js';
import { Handshake } from './noise.js';
import type { Pattern } from './noise.js';
import { SecureChannel } from './secure-channel.js';
import { decodeStatus } from './status.js';
import type { Status } from './status.js';
import { utf8Bytes } from './utf8.js';

/** Mixed into every handshake: two sides that mean different things do not come together at all. */
const PROLOGUE = utf8Bytes('perigee gatt session 1');
const NO_PAYLOAD = new Uint8Array();

/**
 * The session of one connection, without a radio: bytes in, events out, and what is to be sent is returned. The phone
 * says hello, the gateway knows by it who the phone is, and its welcome opens the session:
 *
 *     phone                                   gateway
 *     hello       Noise IK, no payload        a phone that is known
 *     enrolment   Noise IKpsk2, invitation    a phone that was shown a one-time secret
 *                                  welcome    payload: a perigee.v1.Welcome
 *     sealed  <-> sealed
 *
 * A first message can be replayed, so nothing is done for it; the phone has proved itself once it has sealed something.
 */
interface SessionKeys {
  readonly curve: Curve25519;
  readonly keys: KeyPair;
}

export interface Invitation {
  readonly id: Uint8Array;
  readonly secret: Uint8Array;
}

export type GatewayEvent =
  | { readonly kind: 'nothing' }
  /** To be answered by `accept` or not at all; `invitation` is its id, where the phone wants to enrol. */
  | { readonly kind: 'hello'; readonly phoneKey: Uint8Array; readonly invitation?: Uint8Array }
  | { readonly kind: 'message'; readonly plaintext: Uint8Array }
  /** The session, if there was one, has ended. */
  | { readonly kind: 'fault'; readonly status: Status; readonly reason: string };

const fault = (status: Status, reason: string): GatewayEvent => ({ kind: 'fault', status, reason });

interface GatewayKeys extends SessionKeys {
  /** Asked before each handshake, which costs four products of the curve; false for a phone that begins too many. */
  readonly mayBegin?: () => boolean;
}

/** The gateway's side. */
export class GatewaySession {
  readonly #own: GatewayKeys;
  readonly #reassembler = new Reassembler(['hello', 'enrolment', 'sealed']);
  #handshake: Handshake | undefined;
  #channel: SecureChannel | undefined;

  constructor(own: GatewayKeys) {
    this.#own = own;
  }

  get isOpen(): boolean {
    return this.#channel?.isOpen === true;
  }

  /** A fragment that the phone wrote. */
  receive(fragment: Uint8Array): GatewayEvent {
    const received = this.#reassembler.push(fragment);
    if (received.kind === 'partial') return { kind: 'nothing' };
    if (received.kind === 'fault') return this.#end('bad-frame', received.reason);
    if (received.of === 'sealed') return this.#open(received.bytes);
    return this.#hello(received.of === 'hello' ? 'IK' : 'IKpsk2', received.bytes);
  }

  /** The welcome that opens the session; the secret is that of the invitation, where the phone named one. */
  accept(payload: Uint8Array, secret?: Uint8Array): Uint8Array | undefined {
    const handshake = this.#handshake;
    this.#handshake = undefined;
    if (handshake === undefined) return undefined;
    if (secret !== undefined) handshake.useSecret(secret);
    const welcome = handshake.write(payload);
    if (welcome !== undefined) this.#channel = new SecureChannel(handshake.finish());
    return welcome;
  }

  seal(plaintext: Uint8Array): Uint8Array | undefined {
    return this.#channel?.seal(plaintext);
  }

  end(): void {
    this.#handshake = undefined;
    this.#channel = undefined;
  }

  #hello(pattern: Pattern, bytes: Uint8Array): GatewayEvent {
    this.end();
    if (this.#own.mayBegin?.() === false) return fault('rate-limited', 'too many handshakes');
    const handshake = new Handshake({ ...this.#own, pattern, prologue: PROLOGUE });
    const payload = handshake.read(bytes);
    const phoneKey = handshake.remoteKey;
    const payloadBytes = pattern === 'IK' ? 0 : INVITATION_ID_BYTES;
    if (phoneKey === undefined || payload?.length !== payloadBytes)
      return fault('bad-frame', 'a first message that is not for this gateway');
    this.#handshake = handshake;
    return { kind: 'hello', phoneKey, ...(pattern === 'IK' ? {} : { invitation: payload }) };
  }

  #open(sealed: Uint8Array): GatewayEvent {
    if (!this.isOpen) return fault('no-session', 'a sealed message without a session');
    const plaintext = this.#channel?.open(sealed);
    return plaintext === undefined
      ? this.#end('bad-frame', 'a message that was not sealed as the next one of this session')
      : { kind: 'message', plaintext };
  }

  #end(status: Status, reason: string): GatewayEvent {
    this.end();
    return fault(status, reason);
  }
}

export type PhoneEvent =
  | { readonly kind: 'nothing' }
  /** The gateway has proved that it has the key that the phone knows. */
  | { readonly kind: 'open'; readonly payload: Uint8Array }
  | { readonly kind: 'message'; readonly plaintext: Uint8Array }
  /** The gateway's word in the clear, which anyone can forge: it ends the session and means nothing more. */
  | { readonly kind: 'refused'; readonly status: Status | undefined }
  | { readonly kind: 'fault'; readonly reason: string };

interface PhoneKeys extends SessionKeys {
  readonly gatewayKey: Uint8Array;
  /** To enrol with it; absent for a phone that is known. */
  readonly invitation?: Invitation;
}

/** The phone's side: one handshake, one session. */
export class PhoneSession {
  readonly #reassembler = new Reassembler(['welcome', 'sealed', 'status']);
  readonly #invitation: Invitation | undefined;
  #handshake: Handshake | undefined;
  #channel: SecureChannel | undefined;

  constructor({ invitation, ...own }: PhoneKeys) {
    this.#invitation = invitation;
    const pattern = invitation === undefined ? 'IK' : 'IKpsk2';
    const handshake = new Handshake({ ...own, pattern, prologue: PROLOGUE });
    if (invitation !== undefined) handshake.useSecret(invitation.secret);
    this.#handshake = handshake;
  }

  get isOpen(): boolean {
    return this.#channel?.isOpen === true;
  }

  /** The message to begin with, once; undefined for a gateway key that is none. */
  hello(): { readonly of: 'hello' | 'enrolment'; readonly bytes: Uint8Array } | undefined {
    const bytes = this.#handshake?.write(this.#invitation?.id ?? NO_PAYLOAD);
    return bytes && { of: this.#invitation === undefined ? 'hello' : 'enrolment', bytes };
  }

  /** A fragment of which the gateway notified. */
  receive(fragment: Uint8Array): PhoneEvent {
    const received = this.#reassembler.push(fragment);
    if (received.kind === 'partial') return { kind: 'nothing' };
    if (received.kind === 'fault') return this.#end(received.reason);
    if (received.of === 'status') {
      this.#channel = undefined;
      return { kind: 'refused', status: decodeStatus(received.bytes) };
    }
    return received.of === 'welcome' ? this.#welcome(received.bytes) : this.#open(received.bytes);
  }

  seal(plaintext: Uint8Array): Uint8Array | undefined {
    return this.#channel?.seal(plaintext);
  }

  #welcome(bytes: Uint8Array): PhoneEvent {
    const handshake = this.#handshake;
    this.#handshake = undefined;
    const payload = handshake?.read(bytes);
    if (handshake === undefined || payload === undefined)
      return this.#end('a welcome that is not of the gateway that was asked');
    this.#channel = new SecureChannel(handshake.finish());
    return { kind: 'open', payload };
  }

  #open(sealed: Uint8Array): PhoneEvent {
    const plaintext = this.#channel?.open(sealed);
    return plaintext === undefined
      ? this.#end('a message that was not sealed as the next one of this session')
      : { kind: 'message', plaintext };
  }

  #end(reason: string): PhoneEvent {
    this.#channel = undefined;
    return { kind: 'fault', reason };
  }
}
