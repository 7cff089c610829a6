import { PerigeeError } from '../domain/index.js';

/** What can end a wait early: an abort signal, and the end of the connection that it needs. */
interface Interruptions {
  readonly signal?: AbortSignal | undefined;
  /** Never resolves; rejects when the wait has become pointless. */
  readonly broken?: Promise<never>;
}

/** noble does not settle every promise: each wait for it has a limit. Rejects with `radio-unavailable`. */
export async function within<T>(
  limitMs: number,
  what: string,
  work: Promise<T>,
  { signal, broken }: Interruptions = {},
): Promise<T> {
  signal?.throwIfAborted();
  let timer: NodeJS.Timeout | undefined;
  let abort: (() => void) | undefined;
  const interrupted = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(tooSlow(what, limitMs)), limitMs);
    abort = () => reject(abortReason(signal));
    signal?.addEventListener('abort', abort);
  });
  try {
    return await Promise.race(broken === undefined ? [work, interrupted] : [work, interrupted, broken]);
  } finally {
    clearTimeout(timer);
    if (abort !== undefined) signal?.removeEventListener('abort', abort);
  }
}

export function abortReason(signal: AbortSignal | undefined): Error {
  return signal?.reason instanceof Error ? signal.reason : new Error('aborted');
}

function tooSlow(what: string, limitMs: number): PerigeeError {
  const cure = 'Go nearer to the gateway and try again.';
  return new PerigeeError('radio-unavailable', `No answer within ${limitMs / 1000} s: ${what}`, cure);
}
