import {
  PerigeeError,
  isEnded,
  parseImageName,
  type GatewayControl,
  type ImageName,
} from '../domain/index.js';
import { openAddedImages } from '../images/index.js';
import { addedImages } from '../platform/index.js';
import { wantsOf } from './image-wants.js';
import { MAX_LISTED, configOf, gatewayRuns, runningGateway, type CommonOptions } from './options.js';
import { print, printJson } from './output.js';

type Env = Readonly<Record<string, string | undefined>>;

export interface RemoveOptions extends CommonOptions {
  /** Although something will want to start it. */
  readonly force?: true;
}

/**
 * @throws PerigeeError `image-unknown` for what was not added, or `image-in-use` while a run of it goes on, or something
 * is set to start it.
 */
export async function remove(env: Env, text: string, options: RemoveOptions): Promise<number> {
  const name = parseImageName(text);
  const config = configOf(env, options);
  const control = runningGateway(env, options);
  const running = (await gatewayRuns(control)) ? control : undefined;
  if (running) await needNoRun(running, name);
  if (!options.force) needUnwanted(name, await wantsOf(name, config, running));
  await openAddedImages(addedImages(config.dataDirectory)).remove(name);
  if (options.json) printJson({ removed: name });
  else print(`Removed ${name}.`);
  return 0;
}

async function needNoRun(control: GatewayControl, name: ImageName): Promise<void> {
  const going = (await control.runs(MAX_LISTED)).filter((run) => run.image === name && !isEnded(run));
  const [run] = going;
  if (!run) return;
  const runs =
    going.length === 1 ? `run ${run.id} of ${name} goes on` : `${going.length} runs of ${name} go on`;
  throw new PerigeeError('image-in-use', runs, `Stop it first: perigee stop ${run.id}`);
}

function needUnwanted(name: ImageName, wants: readonly string[]): void {
  if (wants.length === 0) return;
  const cure = 'Change that first, or remove the image all the same: --force';
  throw new PerigeeError('image-in-use', `${name} is still wanted: ${wants.join(', ')}`, cure);
}
