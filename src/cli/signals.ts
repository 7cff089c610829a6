const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;
/** What a shell calls a program that a signal ended. */
const SIGNAL_STATUS = 128;

/**
 * Calls `end` at the first Ctrl-C, termination or hang-up; a second one ends the process at once. The listeners stay:
 * one that leaves while a signal is handled makes execa's own think that nobody handles it, and kill the process.
 */
export function onRequestToEnd(end: () => void): void {
  let asked = false;
  for (const [name, number] of Object.entries(SIGNALS)) {
    process.on(name, () => {
      if (asked) process.exit(SIGNAL_STATUS + number);
      asked = true;
      end();
    });
  }
}

/** Resolves when the process is asked to end, or when `signal` says that it is time. */
export function untilAskedToEnd(signal?: AbortSignal): Promise<void> {
  return new Promise((end) => {
    onRequestToEnd(end);
    signal?.addEventListener('abort', () => end(), { once: true });
  });
}

/**
 * A reader that has seen enough (`perigee logs 3f2a | head`) ends the command, quietly and well: as Ctrl-C does where
 * there is something to end first, else at once. Remarks that nobody reads end nothing.
 */
export function mindClosedPipes(): void {
  let closed = false;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    if (closed) return;
    closed = true;
    if (!process.emit('SIGTERM')) process.exit(0);
  });
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}
