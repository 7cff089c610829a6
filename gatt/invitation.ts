import { fromBase64url, toBase64url } from './base64url.js';
import { concat } from './bytes.js';
import { KEY_BYTES } from './curve.js';

export const INVITATION_ID_BYTES = 8;
export const INVITATION_SECRET_BYTES = 32;

/** What a QR code says: which gateway, which invitation, and its one-time secret. */
export interface InvitationLink {
  readonly gatewayKey: Uint8Array;
  readonly id: Uint8Array;
  readonly secret: Uint8Array;
}

/** A scheme of our own, so that a camera offers it to the app; the version is in the path. */
const PREFIX = 'perigee:enrol/1/';
const BYTES = KEY_BYTES + INVITATION_ID_BYTES + INVITATION_SECRET_BYTES;

/** `perigee:enrol/1/` and base64url of the gateway's public key, the id and the secret. */
export function encodeInvitation({ gatewayKey, id, secret }: InvitationLink): string {
  return PREFIX + toBase64url(concat(gatewayKey, id, secret));
}

/** Undefined for any other text. */
export function decodeInvitation(text: string): InvitationLink | undefined {
  const bytes = text.startsWith(PREFIX) ? fromBase64url(text.slice(PREFIX.length)) : undefined;
  if (bytes?.length !== BYTES) return undefined;
  const [id, secret] = [KEY_BYTES, KEY_BYTES + INVITATION_ID_BYTES];
  return { gatewayKey: bytes.slice(0, id), id: bytes.slice(id, secret), secret: bytes.slice(secret) };
}
