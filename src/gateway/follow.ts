import { endsRun, isEnded, type RunNews, type RunRequest } from '../domain/index.js';
import type { Runner } from '../runner/index.js';

/**
 * Starts a run, and tells everything of it to its end. Subscribed before the start, so that nothing is missed of a run
 * that lives for 30 ms, or that a guest which was kept ready has ended before its start was answered.
 */
export async function* follow(
  runner: Pick<Runner, 'events' | 'start'>,
  request: RunRequest,
): AsyncIterable<RunNews> {
  const news = runner.events.subscribe();
  try {
    const run = await runner.start(request);
    // All that there is to tell has been told by now, or before anyone asked.
    if (isEnded(run)) news.finish();
    else yield { kind: 'changed', run };
    for await (const item of news) {
      if ((item.kind === 'console' ? item.id : item.run.id) !== request.id) continue;
      yield item;
      if (endsRun(item, request.id)) return;
    }
    if (isEnded(run)) yield { kind: 'changed', run };
  } finally {
    await news.return?.();
  }
}
