/** The first wait lies somewhere below this; each further one may be twice as long. */
export const BACKOFF_FIRST_MS = 1_000;
/** No wait is longer, so that a backend that came back is noticed within minutes. */
export const BACKOFF_CAP_MS = 300_000;
/** Chance may say zero; a refused gateway must not spin. */
export const BACKOFF_FLOOR_MS = 100;
/** A backend may ask for an hour's patience, and no more: the rest would be a mistake or a trick. */
export const RETRY_AFTER_MAX_MS = 3_600_000;

/** Draws from [0, 1), as Math.random does. */
export type Random = () => number;

/**
 * How long to wait after the `failures`-th failure in a row (from 1): exponential with full jitter, so that the gateways
 * of a backend that was down do not all return at once. Never less than what the backend asked for, and then with the
 * first step's jitter on top, for the same reason.
 */
export function backoffMs(failures: number, random: Random, retryAfterMs?: number): number {
  if (retryAfterMs !== undefined)
    return Math.min(retryAfterMs, RETRY_AFTER_MAX_MS) + random() * BACKOFF_FIRST_MS;
  const ceiling = Math.min(BACKOFF_CAP_MS, BACKOFF_FIRST_MS * 2 ** (failures - 1));
  return Math.max(BACKOFF_FLOOR_MS, random() * ceiling);
}

/** Retry-After (RFC 9110, 10.2.3): seconds or a date. What is neither, or lies in the past, is no wish. */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  const waitMs = /^\d{1,9}$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  return waitMs >= 0 ? waitMs : undefined;
}
