import type { HistoryReader, LatestSample, StoreTools } from '../domain/index.js';
import { BACKED_UP_FOLDERS, createLogger, systemClock } from '../platform/index.js';
import { openExistingStore } from '../store/index.js';
import { configOf, gatewayRuns, runningGateway, type CommonOptions } from './options.js';

type Env = Readonly<Record<string, string | undefined>>;

/** What a store that runs and one that does not can be asked alike. */
export interface StoreAccess extends StoreTools, HistoryReader {
  latest(): Promise<readonly LatestSample[]>;
}

/** Works on the store of the gateway that runs; where none does, on that of the data directory. */
export async function withStore<T>(
  env: Env,
  options: CommonOptions,
  work: (store: StoreAccess) => Promise<T>,
): Promise<T> {
  const control = runningGateway(env, options);
  if (await gatewayRuns(control))
    return work({
      ...control.store,
      latest: () => control.latest(),
      history: (request) => control.history(request),
    });
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
  return await work({
    ...store.tools,
    latest: () => Promise.resolve(store.latest()),
    history: (request) => store.history(request),
  });
}
