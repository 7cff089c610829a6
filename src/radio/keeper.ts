import { reasonOf } from '../domain/index.js';
import type { Logger, Radio } from '../domain/index.js';
import { listAdapters } from './adapters.js';
import { FIRST_TRY, retry } from './retry.js';
import { bluetoothSwitches, KERNEL_PATHS } from './surroundings.js';
import type { KernelPaths } from './surroundings.js';

/** An adapter that is plugged in or unblocked is used within this time; looking costs two listings of small folders. */
const LOOK_MS = 2_000;

interface Kept {
  readonly radio: Radio;
  /** Starts it with what it is to serve now. */
  readonly start: () => Promise<void>;
  readonly logger: Logger;
  readonly everyMs?: number;
  readonly kernel?: KernelPaths;
}

/** Keeps a radio on the air until it is disposed of: starts it, and again whenever it is unavailable. */
export function keepOnAir({
  everyMs = LOOK_MS,
  kernel = KERNEL_PATHS,
  logger,
  radio,
  start,
}: Kept): Disposable {
  let state = FIRST_TRY;
  let seen = '';
  let told = '';
  const attempt = async (): Promise<void> => {
    try {
      await start();
      told = '';
      logger.info({ driver: radio.driver }, 'advertising');
    } catch (error) {
      const reason = reasonOf(error);
      // One that was told to stop while it started has nothing to complain of, and no line is said twice in a row.
      if (radio.state.kind !== 'off' && reason !== told) {
        const cure = radio.state.kind === 'unavailable' ? radio.state.cure : undefined;
        logger.warn({ driver: radio.driver, cure }, `no radio: ${reason}`);
      }
      told = reason;
    }
  };
  const look = (): void => {
    const { kind } = radio.state;
    if (kind === 'starting') return;
    const works = kind === 'advertising';
    const sight = works
      ? seen
      : JSON.stringify([listAdapters(kernel.bluetooth), bluetoothSwitches(kernel.rfkill)]);
    const [next, due] = retry(state, { works, changed: sight !== seen });
    state = next;
    if (!due) return;
    seen = sight;
    void attempt();
  };
  look();
  const timer = setInterval(look, everyMs);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
