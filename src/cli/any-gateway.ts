import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../config/index.js';
import { PerigeeError, type GatewayControl } from '../domain/index.js';
import type { Gateway } from '../gateway.js';
import { gatewayRuns, runningGateway, type CommonOptions } from './options.js';

type Env = Readonly<Record<string, string | undefined>>;

/** A gateway that was started at the same moment answers by then; one that ends has let go of its data by then. */
const TRIES = 20;
const BETWEEN_TRIES_MS = 100;

/** The gateway of the data directory, or, where none runs, one of the command's own, of which `onOwn` is told. */
export async function withGateway<T>(
  env: Env,
  options: CommonOptions,
  config: Config,
  use: (control: GatewayControl) => Promise<T>,
  onOwn: () => void = () => undefined,
): Promise<T> {
  const control = runningGateway(env, options);
  for (let left = TRIES; ; left -= 1) {
    if (await gatewayRuns(control)) return use(control);
    const own = await ownGateway(env, config, left > 0);
    if (own === undefined) {
      await delay(BETWEEN_TRIES_MS);
      continue;
    }
    await using gateway = own;
    onOwn();
    return await use(gateway.control);
  }
}

/** Undefined where another has just taken the data directory, and there is time to see what becomes of it. */
async function ownGateway(env: Env, config: Config, again: boolean): Promise<Gateway | undefined> {
  // Loaded only here: a command that talks to a gateway needs nothing of one, and starts in a third of the time.
  const { startOwnGateway } = await import('./own-gateway.js');
  try {
    return await startOwnGateway(env, config);
  } catch (error) {
    if (again && error instanceof PerigeeError && error.code === 'data-dir-locked') return undefined;
    throw error;
  }
}
