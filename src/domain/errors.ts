/** Every way in which the world can fail Perigee, with the exit status that the command line ends with. */
export const ERROR_EXITS = {
  usage: 2,
  config: 3,
  'data-dir-unusable': 4,
  'data-dir-locked': 5,
  'store-corrupt': 6,
  'port-taken': 7,
  'store-refused': 8,
  'image-unknown': 10,
  'image-invalid': 11,
  'image-checksum': 12,
  'run-unknown': 14,
  'run-failed': 15,
  'run-refused': 16,
  'gateway-not-running': 17,
  'radio-unavailable': 18,
  'backend-unreachable': 19,
  'backend-refused': 20,
  'schedule-invalid': 21,
  'schedule-unknown': 22,
  'image-in-use': 23,
  'image-untrusted': 24,
  'backup-invalid': 25,
  'access-refused': 26,
  'technician-unknown': 27,
  'time-refused': 28,
  internal: 70,
} as const;

export type ErrorCode = keyof typeof ERROR_EXITS;

/** The world failed. `message` says what happened, `cure` what a person can do about it: a sentence each. */
export class PerigeeError extends Error {
  override readonly name = 'PerigeeError';
  readonly code: ErrorCode;
  readonly cure: string;

  constructor(code: ErrorCode, message: string, cure: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
    this.cure = cure;
  }

  get exitStatus(): number {
    return ERROR_EXITS[this.code];
  }
}

/** We failed: a state that the code rules out. It is never caught, and the supervisor restarts the process. */
export function assert(condition: boolean, claim: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${claim}`);
}

/** What a person reads of any thrown value. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
