import { PerigeeError, isEnded, parseImageName, type ImageName } from '../domain/index.js';
import { openAddedImages } from '../images/index.js';
import { addedImages } from '../platform/index.js';
import { MAX_LISTED, configOf, gatewayRuns, runningGateway, type CommonOptions } from './options.js';
import { print, printJson } from './output.js';

type Env = Readonly<Record<string, string | undefined>>;

/** @throws PerigeeError `image-unknown` for what was not added, or `image-in-use` while a run of it goes on. */
export async function remove(env: Env, text: string, options: CommonOptions): Promise<number> {
  const name = parseImageName(text);
  await needUnused(env, name, options);
  await openAddedImages(addedImages(configOf(env, options).dataDirectory)).remove(name);
  if (options.json) printJson({ removed: name });
  else print(`Removed ${name}.`);
  return 0;
}

async function needUnused(env: Env, name: ImageName, options: CommonOptions): Promise<void> {
  const control = runningGateway(env, options);
  if (!(await gatewayRuns(control))) return;
  const going = (await control.runs(MAX_LISTED)).filter((run) => run.image === name && !isEnded(run));
  const [run] = going;
  if (!run) return;
  const runs =
    going.length === 1 ? `run ${run.id} of ${name} goes on` : `${going.length} runs of ${name} go on`;
  throw new PerigeeError('image-in-use', runs, `Stop it first: perigee stop ${run.id}`);
}
