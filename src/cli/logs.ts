import { endsRun, isEnded } from '../domain/index.js';
import { runByPrefix, runningGateway, type CommonOptions } from './options.js';
import { print, printJson } from './output.js';

type Env = Readonly<Record<string, string | undefined>>;

const PREFIX_DEPTH = 100;

export async function logs(
  env: Env,
  prefix: string,
  options: CommonOptions & { readonly follow?: true },
): Promise<number> {
  const control = runningGateway(env, options);
  const id = await runByPrefix(control, prefix);
  const log = await control.consoleLog(id);
  if (options.json) printJson({ id, log });
  else process.stdout.write(log);
  const run = (await control.runs(PREFIX_DEPTH)).find((known) => known.id === id);
  if (!options.follow || !run || isEnded(run)) return 0;
  for await (const news of control.news()) {
    if (news.kind === 'console' && news.id === id) {
      if (options.json) printJson(news);
      else process.stdout.write(news.text);
    }
    if (endsRun(news, id)) break;
  }
  print('');
  return 0;
}
