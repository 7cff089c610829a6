/**
 * Runs the initialisation of a Bluetooth stack without the process handlers that it installs: they end the process on
 * SIGINT if nobody else does, and write to a device that is gone at exit. Signals are the composition root's, and the
 * kernel closes a device with its socket.
 */
export function withoutExitHooks(initialise: () => void): void {
  const events = ['SIGINT', 'exit'] as const;
  const before = events.map((event) => new Set(process.listeners(event as 'exit')));
  try {
    initialise();
  } finally {
    events.forEach((event, i) => {
      for (const listener of process.listeners(event as 'exit')) {
        if (before[i]?.has(listener) !== true) process.removeListener(event, listener);
      }
    });
  }
}
