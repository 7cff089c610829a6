import type { perigee } from '@perigee/proto';
import { TokenBucket } from '../domain/index.js';

/**
 * Ten a second on average, a hundred at once. A person's app asks some at a time, and `perigee nearby` one after the
 * other, each after a connection of its own: neither comes near. Each costs a slow board some milliseconds, so that a
 * phone that does nothing else takes a few hundredths of a core.
 */
const PER_SECOND = 10;
const AT_ONCE = 100;
const COST = 1;
/**
 * A history of hours of sixty series takes some tenths of a second of a slow board: ten at once, and one a second, which
 * is sooner than any link has fetched it.
 */
const SNAPSHOT_COST = 10;
/** More than ever have a grant at once; of whom nothing was heard for the longest time is forgotten, and begins anew. */
const MAX_PHONES = 256;

/** How much each phone may still ask, by its key: to connect again gives it no more. */
export class Allowances {
  readonly #buckets = new Map<string, TokenBucket>();

  take(key: string, what: perigee.v1.Command['what'], nowUs: number): boolean {
    const bucket = this.#buckets.get(key) ?? new TokenBucket(PER_SECOND, AT_ONCE);
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > MAX_PHONES && oldest !== undefined) this.#buckets.delete(oldest);
    return bucket.take(what === 'open' ? SNAPSHOT_COST : COST, nowUs);
  }
}
