import { runByPrefix, runningGateway, type CommonOptions } from './options.js';
import { describeState, print, printJson } from './output.js';

type Env = Readonly<Record<string, string | undefined>>;

export async function stop(env: Env, prefix: string, options: CommonOptions): Promise<number> {
  const control = runningGateway(env, options);
  const run = await control.stop(await runByPrefix(control, prefix));
  if (options.json) printJson(run);
  else print(`${run.id} ${run.image}: ${describeState(run)}`);
  return 0;
}
