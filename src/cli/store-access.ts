import type { GatewayControl, StoreTools } from '../domain/index.js';
import { BACKED_UP_FOLDERS, createLogger, systemClock } from '../platform/index.js';
import { openExistingStore } from '../store/index.js';
import { configOf, gatewayRuns, runningGateway, type CommonOptions } from './options.js';

type Env = Readonly<Record<string, string | undefined>>;

/** Works on the store of the gateway that runs; where none does, on that of the data directory. */
export async function withStore<T>(
  env: Env,
  options: CommonOptions,
  work: (store: StoreTools, gateway: GatewayControl | undefined) => Promise<T>,
): Promise<T> {
  const control = runningGateway(env, options);
  if (await gatewayRuns(control)) return work(control.store, control);
  const { dataDirectory: directory, store: settings } = configOf(env, options);
  const logger = createLogger('error');
  const besides = BACKED_UP_FOLDERS;
  await using store = await openExistingStore({
    directory,
    clock: systemClock,
    logger,
    besides,
    ...settings,
  });
  return await work(store.tools, undefined);
}
