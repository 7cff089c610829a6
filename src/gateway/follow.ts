import { endsRun, isEnded, type RunNews, type RunRequest } from '../domain/index.js';
import type { Subscription } from '../domain/index.js';
import type { Runner } from '../runner/index.js';

/**
 * Starts a run, and tells everything of it to its end. Subscribed before the start, so that nothing is missed of a run
 * that lives for 30 ms, or that a guest which was kept ready has ended before its start was answered. Who leaves reads
 * nothing more from then on, also while the next news is awaited: a generator alone would wait for it.
 */
export function follow(
  runner: Pick<Runner, 'events' | 'start'>,
  request: RunRequest,
): AsyncIterable<RunNews, void, undefined> {
  return {
    [Symbol.asyncIterator]() {
      let news: Subscription<RunNews> | undefined;
      const told = tell(runner, request, () => (news = runner.events.subscribe()));
      return {
        next: () => told.next(),
        return() {
          void news?.return?.();
          return told.return();
        },
      };
    },
  };
}

async function* tell(
  runner: Pick<Runner, 'start'>,
  request: RunRequest,
  subscribe: () => Subscription<RunNews>,
): AsyncGenerator<RunNews, void, undefined> {
  const news = subscribe();
  try {
    const run = await runner.start(request);
    // All that there is to tell has been told by now, or before anyone asked.
    if (isEnded(run)) news.finish();
    // What waits to be read is older than the record, and comes to it.
    else if (!news.holds((item) => isOf(item, request))) yield { kind: 'changed', run };
    for await (const item of news) {
      if (!isOf(item, request)) continue;
      yield item;
      if (endsRun(item, request.id)) return;
    }
    if (isEnded(run)) yield { kind: 'changed', run };
  } finally {
    await news.return?.();
  }
}

function isOf(item: RunNews, { id }: RunRequest): boolean {
  return (item.kind === 'console' ? item.id : item.run.id) === id;
}
