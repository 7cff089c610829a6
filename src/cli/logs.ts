import { createConsoleReader, consolesIn } from '../console/index.js';
import {
  PerigeeError,
  endsRun,
  isEnded,
  isRunId,
  type GatewayControl,
  type RunId,
  type RunNews,
} from '../domain/index.js';
import { consoleDirectory } from '../platform/index.js';
import { MAX_LISTED, configOf, gatewayRuns, runByPrefix, runningGateway, theOne } from './options.js';
import type { CommonOptions } from './options.js';
import { consoleText, print, printJson, remark } from './output.js';

type Env = Readonly<Record<string, string | undefined>>;
type LogsOptions = CommonOptions & { readonly follow?: true; readonly tail?: number };

/** From the data directory, so that it needs no gateway; one that runs says when there is more, and when there is no more. */
export async function logs(env: Env, prefix: string, options: LogsOptions): Promise<number> {
  const directory = consoleDirectory(configOf(env, options).dataDirectory);
  const control = runningGateway(env, options);
  const running = await gatewayRuns(control);
  const id = running ? await runByPrefix(control, prefix) : keptByPrefix(directory, prefix);
  const news = running && options.follow ? control.news()[Symbol.asyncIterator]() : undefined;
  // Asked for before the log is read: an end in between would be waited for in vain.
  const first = news?.next();
  // Awaited below, unless the log cannot be read: then that is what is said.
  first?.catch(() => undefined);
  const reader = createConsoleReader(directory, id);
  try {
    const log = await reader.more();
    // Nothing was printed, or there is no such run: the gateway knows.
    if (log === '' && running) await control.consoleLog(id);
    const shown = options.tail === undefined ? log : lastLines(log, options.tail);
    if (options.json) printJson({ id, log: shown });
    else process.stdout.write(consoleText(shown));
    if (news && first && (await goesOn(control, id))) await follow(id, await first, news, reader, options);
    else if (options.follow && !running)
      remark('No gateway runs on this data directory: nothing will follow.');
  } finally {
    await news?.return?.();
  }
  return 0;
}

/** Without a gateway, the runs are those that left something. */
function keptByPrefix(directory: string, prefix: string): RunId {
  const ids = consolesIn(directory).filter((id) => id.startsWith(prefix.toLowerCase()));
  if (ids.length === 0 && isRunId(prefix.toLowerCase())) {
    const cure = 'It printed nothing, it is long ago, or it was another gateway: name its --data.';
    throw new PerigeeError('run-unknown', `nothing is kept of a run ${prefix} in ${directory}`, cure);
  }
  return theOne(ids, prefix);
}

async function goesOn(control: GatewayControl, id: RunId): Promise<boolean> {
  const run = (await control.runs(MAX_LISTED)).find((known) => known.id === id);
  return run !== undefined && !isEnded(run);
}

/** The news only wake: what was printed is read where it is kept, so that a flood loses nothing without saying so. */
async function follow(
  id: RunId,
  first: IteratorResult<RunNews>,
  news: AsyncIterator<RunNews>,
  reader: { more(): Promise<string> },
  options: LogsOptions,
): Promise<void> {
  for (let step = first; step.done !== true; step = await news.next()) {
    const { value } = step;
    const ended = endsRun(value, id);
    if (!ended && !(value.kind === 'console' && value.id === id)) continue;
    const text = await reader.more();
    if (text !== '' && options.json) printJson({ kind: 'console', id, text });
    else process.stdout.write(consoleText(text));
    if (ended) break;
  }
  if (!options.json) print('');
}

function lastLines(text: string, count: number): string {
  const lines = text.split('\n');
  // What follows the last line end is no line, unless there is something.
  return lines.slice(-(lines.at(-1) === '' ? count + 1 : count)).join('\n');
}
