import type { CompactionProgress, HistoryReader, LatestSample, StoreTools } from '../domain/index.js';
import { BACKED_UP_FOLDERS, createLogger, systemClock } from '../platform/index.js';
import { openExistingStore, readExistingStore } from '../store/index.js';
import { configOf, gatewayRuns, runningGateway, type CommonOptions } from './options.js';

type Env = Readonly<Record<string, string | undefined>>;

/** What a store that runs and one that does not can be asked alike. */
export interface StoreAccess extends Omit<StoreTools, 'compact'>, HistoryReader {
  latest(): Promise<readonly LatestSample[]>;
}

/** Reads the store of the gateway that runs; where none does, that of the data directory, which stays as it is. */
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
  await using store = await readExistingStore(stoppedStore(env, options));
  return await work({
    ...store.tools,
    latest: () => Promise.resolve(store.latest()),
    history: (request) => store.history(request),
  });
}

export async function* compacted(env: Env, options: CommonOptions): AsyncGenerator<CompactionProgress> {
  const control = runningGateway(env, options);
  if (await gatewayRuns(control)) {
    yield* control.store.compact();
    return;
  }
  await using store = await openExistingStore(stoppedStore(env, options));
  yield* store.tools.compact();
}

function stoppedStore(env: Env, options: CommonOptions): Parameters<typeof openExistingStore>[0] {
  const { dataDirectory: directory, store } = configOf(env, options);
  const logger = createLogger('error');
  return { directory, clock: systemClock, logger, besides: BACKED_UP_FOLDERS, ...store };
}
