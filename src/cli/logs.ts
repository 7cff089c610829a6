import { endsRun, isEnded, type RunId, type RunNews } from '../domain/index.js';
import { MAX_LISTED, runByPrefix, runningGateway, type CommonOptions } from './options.js';
import { print, printJson } from './output.js';

type Env = Readonly<Record<string, string | undefined>>;
type LogsOptions = CommonOptions & { readonly follow?: true };

export async function logs(env: Env, prefix: string, options: LogsOptions): Promise<number> {
  const control = runningGateway(env, options);
  const id = await runByPrefix(control, prefix);
  const news = options.follow ? control.news()[Symbol.asyncIterator]() : undefined;
  // Asked for before the log is read: an end in between would be waited for in vain.
  const first = news?.next();
  // Awaited below, unless the log cannot be read: then that is what is said.
  first?.catch(() => undefined);
  try {
    const log = await control.consoleLog(id);
    if (options.json) printJson({ id, log });
    else process.stdout.write(log);
    const run = (await control.runs(MAX_LISTED)).find((known) => known.id === id);
    if (news && first && run && !isEnded(run)) await follow(id, await first, news, options);
  } finally {
    await news?.return?.();
  }
  return 0;
}

async function follow(
  id: RunId,
  first: IteratorResult<RunNews>,
  news: AsyncIterator<RunNews>,
  options: LogsOptions,
): Promise<void> {
  for (let step = first; step.done !== true; step = await news.next()) {
    if (step.value.kind === 'console' && step.value.id === id) show(step.value, options);
    if (endsRun(step.value, id)) break;
  }
  if (!options.json) print('');
}

function show(news: Extract<RunNews, { kind: 'console' }>, options: LogsOptions): void {
  if (options.json) printJson(news);
  else process.stdout.write(news.text);
}
