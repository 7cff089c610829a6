import { TokenBucket } from '../domain/index.js';

/** Of a phone: a person taps again after a second, and an app gives up after some tries. */
const OWN_PER_SECOND = 0.5;
const OWN_AT_ONCE = 4;
/**
 * Each costs a slow board some milliseconds: all phones together take a few hundredths of a core for them. First ones of
 * a connection: as many as a radio brings connections, one for each advertisement, so that no phone that comes and goes
 * keeps another one out.
 */
const FIRST_PER_SECOND = 10;
const FIRST_AT_ONCE = 20;
/** Others: as many as eight phones, all that a radio holds, have for their own. */
const MORE_PER_SECOND = 5;
const MORE_AT_ONCE = 24;

interface Connection {
  readonly own: TokenBucket;
  hasBegun: boolean;
}

/** Who may begin a handshake. A phone that begins too many takes nothing from the others. */
export class Handshakes {
  readonly #connections = new WeakMap<object, Connection>();
  readonly #first = new TokenBucket(FIRST_PER_SECOND, FIRST_AT_ONCE);
  readonly #more = new TokenBucket(MORE_PER_SECOND, MORE_AT_ONCE);

  mayBegin(connection: object, nowUs: number): boolean {
    const known = this.#connections.get(connection) ?? {
      ...{ own: new TokenBucket(OWN_PER_SECOND, OWN_AT_ONCE), hasBegun: false },
    };
    this.#connections.set(connection, known);
    if (!known.own.take(1, nowUs)) return false;
    const may = (known.hasBegun ? this.#more : this.#first).take(1, nowUs);
    known.hasBegun ||= may;
    return may;
  }
}
