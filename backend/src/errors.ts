/** Every way in which the world can fail the backend, with the exit status that its command ends with. */
const BACKEND_ERROR_EXITS = {
  usage: 2,
  'data-dir-unusable': 4,
  'data-dir-locked': 5,
  'store-corrupt': 6,
  'port-taken': 7,
} as const;

export type BackendErrorCode = keyof typeof BACKEND_ERROR_EXITS;

/** The world failed. `message` says what happened, `cure` what a person can do about it: a sentence each. */
export class BackendError extends Error {
  override readonly name = 'BackendError';
  readonly code: BackendErrorCode;
  readonly cure: string;

  constructor(code: BackendErrorCode, message: string, cure: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
    this.cure = cure;
  }

  get exitStatus(): number {
    return BACKEND_ERROR_EXITS[this.code];
  }
}

/** A request that is not answered as asked: what the client reads, and its HTTP status. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  readonly cure: string;

  constructor(status: number, message: string, cure: string) {
    super(message);
    this.status = status;
    this.cure = cure;
  }
}

/** What a person reads of any thrown value. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The `code` of a Node system error, such as ENOSPC; empty for anything else. */
export function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
