/**
 * Why a gateway does not do what a phone wrote: ATT application errors (Core specification, vol 3, part F, 3.4.1.1), and
 * the same byte in a status frame, because browsers make one exception of all of them.
 */
export const STATUS = {
  /** No key of a technician, or one that was revoked, or whose grant has expired; or no such enrolment. */
  'not-enrolled': 0x80,
  /** The session has ended, or never began: begin with a handshake. */
  'no-session': 0x81,
  /** More waits for this phone than is kept for it: it ends the session. */
  busy: 0x82,
  /** A frame that is none, or that was not sealed by the other side as its next one. It ends the session. */
  'bad-frame': 0x83,
  /** Too many handshakes in too short a time. */
  'rate-limited': 0x84,
} as const;
export type Status = keyof typeof STATUS;

const NAMES = Object.keys(STATUS) as Status[];

export function encodeStatus(status: Status): Uint8Array {
  return Uint8Array.of(STATUS[status]);
}

/** Undefined for a byte of a later version, and for anything else. */
export function decodeStatus(bytes: Uint8Array): Status | undefined {
  return bytes.length === 1 ? NAMES.find((name) => STATUS[name] === bytes[0]) : undefined;
}
