// What set-up tells the person: one line a step, on stderr.

/** A failure that was foreseen: its message says what to do. */
export class SetupError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export const say = (text) => void process.stderr.write(`${text}\n`);

/** Runs a step between its title and the seconds that it took. */
export async function progress(title, run) {
  const start = performance.now();
  process.stderr.write(`set-up: ${title} ... `);
  try {
    await run();
  } catch (error) {
    say('failed');
    throw error;
  }
  say(`${((performance.now() - start) / 1000).toFixed(1)} s`);
}
