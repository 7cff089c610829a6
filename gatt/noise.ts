import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concat } from './bytes.js';
import { CipherState, TAG_BYTES } from './cipher-state.js';
import { KEY_BYTES } from './curve.js';
import type { Curve25519, KeyPair } from './curve.js';
import { utf8Bytes } from './utf8.js';

/**
 * Two handshakes of the Noise Protocol Framework, revision 34 (https://noiseprotocol.org/noise.html): IK for a phone that
 * is known, IKpsk2 for one that enrols by a one-time secret. In both the phone begins, and knows the gateway's key.
 */
export type Pattern = 'IK' | 'IKpsk2';

type Token = 'e' | 's' | 'ee' | 'es' | 'se' | 'ss' | 'psk';

const FIRST: readonly Token[] = ['e', 'es', 's', 'ss'];
const PATTERNS: Readonly<Record<Pattern, readonly (readonly Token[])[]>> = {
  IK: [FIRST, ['e', 'ee', 'se']],
  IKpsk2: [FIRST, ['e', 'ee', 'se', 'psk']],
};

const EMPTY = new Uint8Array();

/** What both sides have mixed so far (5.2): the chaining key, the hash of the transcript, and the key that follows. */
class SymmetricState {
  #chainingKey: Uint8Array;
  #cipher: CipherState | undefined;
  hash: Uint8Array;

  constructor(protocolName: string) {
    const name = utf8Bytes(protocolName);
    const room = new Uint8Array(KEY_BYTES);
    if (name.length <= KEY_BYTES) room.set(name);
    this.hash = name.length <= KEY_BYTES ? room : sha256(name);
    this.#chainingKey = this.hash;
  }

  get hasKey(): boolean {
    return this.#cipher !== undefined;
  }

  mixHash(data: Uint8Array): void {
    this.hash = sha256(concat(this.hash, data));
  }

  mixKey(material: Uint8Array): void {
    const [chainingKey, key] = hkdf(this.#chainingKey, material);
    this.#chainingKey = chainingKey;
    this.#cipher = new CipherState(key);
  }

  mixKeyAndHash(material: Uint8Array): void {
    const [chainingKey, hashed, key] = hkdf(this.#chainingKey, material);
    this.#chainingKey = chainingKey;
    this.mixHash(hashed);
    this.#cipher = new CipherState(key);
  }

  seal(plaintext: Uint8Array): Uint8Array {
    const sealed = this.#cipher?.encrypt(this.hash, plaintext) ?? plaintext;
    this.mixHash(sealed);
    return sealed;
  }

  open(sealed: Uint8Array): Uint8Array | undefined {
    const plaintext = this.#cipher === undefined ? sealed : this.#cipher.decrypt(this.hash, sealed);
    this.mixHash(sealed);
    return plaintext;
  }

  split(): readonly [CipherState, CipherState] {
    const [first, second] = hkdf(this.#chainingKey, EMPTY);
    return [new CipherState(first), new CipherState(second)];
  }
}

export interface HandshakeOptions {
  readonly pattern: Pattern;
  readonly curve: Curve25519;
  /** The side's own long-lived keys. */
  readonly keys: KeyPair;
  /** The gateway's public key, on the phone; absent on the gateway. */
  readonly gatewayKey?: Uint8Array;
  /** What both must have in common beside the keys: the version of all this. */
  readonly prologue: Uint8Array;
}

/** What a handshake ends in. */
export interface Finished {
  readonly send: CipherState;
  readonly receive: CipherState;
}

/** One side of a handshake: the phone writes, the gateway reads and writes, the phone reads. */
export class Handshake {
  readonly #options: HandshakeOptions;
  readonly #state: SymmetricState;
  readonly #isPhone: boolean;
  #ephemeral: KeyPair | undefined;
  #remoteEphemeral: Uint8Array | undefined;
  #remoteStatic: Uint8Array | undefined;
  #secret: Uint8Array | undefined;
  #turn = 0;

  constructor(options: HandshakeOptions) {
    const { gatewayKey, keys, pattern, prologue } = options;
    this.#options = options;
    this.#isPhone = gatewayKey !== undefined;
    this.#remoteStatic = gatewayKey;
    this.#state = new SymmetricState(`Noise_${pattern}_25519_ChaChaPoly_SHA256`);
    this.#state.mixHash(prologue);
    this.#state.mixHash(gatewayKey ?? keys.publicKey);
  }

  /** Of the phone, once the gateway has read its first message. */
  get remoteKey(): Uint8Array | undefined {
    return this.#remoteStatic;
  }

  /** The one-time secret of IKpsk2, 32 bytes; the gateway learns which one from the first message. */
  useSecret(secret: Uint8Array): void {
    this.#secret = secret;
  }

  /** Undefined where the other's key is one of those that make the same of every secret. */
  write(payload: Uint8Array): Uint8Array | undefined {
    const parts: Uint8Array[] = [];
    for (const token of this.#next()) {
      if (token === 'e') parts.push(this.#writeEphemeral());
      else if (token === 's') parts.push(this.#state.seal(this.#options.keys.publicKey));
      else if (!this.#mix(token)) return undefined;
    }
    return concat(...parts, this.#state.seal(payload));
  }

  /** The payload; undefined for a message that is not what the other side wrote, and then the handshake is over. */
  read(message: Uint8Array): Uint8Array | undefined {
    let at = 0;
    const take = (length: number): Uint8Array => message.slice(at, (at += length));
    for (const token of this.#next()) {
      if (token === 'e') {
        if (!this.#readEphemeral(take(KEY_BYTES))) return undefined;
      } else if (token === 's') {
        this.#remoteStatic = this.#state.open(take(KEY_BYTES + (this.#state.hasKey ? TAG_BYTES : 0)));
        if (this.#remoteStatic?.length !== KEY_BYTES) return undefined;
      } else if (!this.#mix(token)) return undefined;
    }
    return this.#state.open(message.slice(at));
  }

  finish(): Finished {
    const [toGateway, toPhone] = this.#state.split();
    return this.#isPhone ? { send: toGateway, receive: toPhone } : { send: toPhone, receive: toGateway };
  }

  #next(): readonly Token[] {
    const tokens = PATTERNS[this.#options.pattern][this.#turn++];
    if (tokens === undefined) throw new RangeError('the handshake is over');
    return tokens;
  }

  #writeEphemeral(): Uint8Array {
    this.#ephemeral = this.#options.curve.generate();
    this.#mixEphemeral(this.#ephemeral.publicKey);
    return this.#ephemeral.publicKey;
  }

  #readEphemeral(key: Uint8Array): boolean {
    if (key.length !== KEY_BYTES) return false;
    this.#remoteEphemeral = key;
    this.#mixEphemeral(key);
    return true;
  }

  /** With a secret in the pattern, ephemeral keys are keys of the transcript too (9.2). */
  #mixEphemeral(key: Uint8Array): void {
    this.#state.mixHash(key);
    if (this.#options.pattern === 'IKpsk2') this.#state.mixKey(key);
  }

  #mix(token: Token): boolean {
    if (token === 'psk') {
      if (this.#secret === undefined) return false;
      this.#state.mixKeyAndHash(this.#secret);
      return true;
    }
    // The first letter is the phone's key, the second the gateway's: e ephemeral, s static.
    const [own, remote] = this.#isPhone ? [token[0], token[1]] : [token[1], token[0]];
    const mine = own === 'e' ? this.#ephemeral : this.#options.keys;
    const theirs = remote === 'e' ? this.#remoteEphemeral : this.#remoteStatic;
    if (mine === undefined || theirs === undefined) return false;
    const shared = this.#options.curve.sharedSecret(mine.secretKey, theirs);
    if (shared === undefined) return false;
    this.#state.mixKey(shared);
    return true;
  }
}

/** Three outputs, of which the third is only sometimes used (4.3). */
function hkdf(key: Uint8Array, material: Uint8Array): readonly [Uint8Array, Uint8Array, Uint8Array] {
  const temporary = hmac(sha256, key, material);
  const first = hmac(sha256, temporary, Uint8Array.of(1));
  const second = hmac(sha256, temporary, concat(first, Uint8Array.of(2)));
  return [first, second, hmac(sha256, temporary, concat(second, Uint8Array.of(3)))];
}
