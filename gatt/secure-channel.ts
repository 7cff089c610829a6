import type { Finished } from './noise.js';

/** After so many messages of a direction its key is replaced: what was sent before is safe from who takes the next one. */
const REKEY_EVERY = 4096;
/** A session ends long before its counters could wrap; a phone begins another. */
const MAX_SESSION_MESSAGES = 2 ** 32;

const NOTHING = new Uint8Array();

/** Both directions of a session: every message sealed, in strict order. The first one that is wrong ends it. */
export class SecureChannel {
  readonly #ciphers: Finished;
  #open = true;

  constructor(ciphers: Finished) {
    this.#ciphers = ciphers;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** Undefined when the session has ended. */
  seal(plaintext: Uint8Array): Uint8Array | undefined {
    const { send } = this.#ciphers;
    if (send.count >= MAX_SESSION_MESSAGES) this.#open = false;
    if (!this.#open) return undefined;
    const sealed = send.encrypt(NOTHING, plaintext);
    if (send.count % REKEY_EVERY === 0) send.rekey();
    return sealed;
  }

  /** Undefined for what is not the other side's next message, and for everything after it. */
  open(sealed: Uint8Array): Uint8Array | undefined {
    const { receive } = this.#ciphers;
    if (receive.count >= MAX_SESSION_MESSAGES) this.#open = false;
    const plaintext = this.#open ? receive.decrypt(NOTHING, sealed) : undefined;
    if (plaintext === undefined) this.#open = false;
    else if (receive.count % REKEY_EVERY === 0) receive.rekey();
    return plaintext;
  }
}
