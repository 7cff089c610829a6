import type { Status } from '@perigee/gatt';
import type { perigee } from '@perigee/proto';
import { ERROR_EXITS, PerigeeError } from '../domain/index.js';
import type { ErrorCode } from '../domain/index.js';

export const AGAIN = 'Connect again.';
const INVITE = 'Ask for a new invitation: perigee technician add NAME, on the gateway.';
const REFUSALS: Readonly<Record<Status, readonly [message: string, cure: string]>> = {
  'not-enrolled': ['the gateway does not know this phone (any more), or its invitation', INVITE],
  'no-session': ['the gateway has ended the session', AGAIN],
  busy: ['more was asked of the gateway than this phone has taken', AGAIN],
  'bad-frame': ['the gateway did not understand this phone', AGAIN],
  'rate-limited': ['too many sessions were begun in too short a time', 'Wait some seconds.'],
};

export function refusedBy(status: Status | undefined): PerigeeError {
  const [message, cure] = status === undefined ? ['the gateway has refused', AGAIN] : REFUSALS[status];
  return new PerigeeError('access-refused', message, cure);
}

/** The gateway's own words; a code that this version does not know is told as one of the gateway's. */
export function errorOf({ code, cure, message }: perigee.v1.Refusal.$Properties): PerigeeError {
  const known = code && code in ERROR_EXITS ? (code as ErrorCode) : 'access-refused';
  return new PerigeeError(known, message ?? 'the gateway has refused', cure ?? AGAIN);
}
