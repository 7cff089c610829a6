import { resolve } from 'node:path';
import { loadConfig, type Config } from '../config/index.js';
import { PerigeeError, isRunId, type GatewayControl, type RunId } from '../domain/index.js';
import { controlSocket } from '../platform/index.js';
import { connectControl } from '../web/index.js';

type Env = Readonly<Record<string, string | undefined>>;

/** What every command takes. */
export interface CommonOptions {
  readonly config?: string;
  readonly data?: string;
  readonly set?: readonly string[];
  readonly json?: true;
}

/** @throws PerigeeError `config` or `usage`. */
export function configOf(env: Env, options: CommonOptions): Config {
  const pairs = (options.set ?? []).map(splitPair);
  const data = options.data === undefined ? [] : [['dataDirectory', JSON.stringify(options.data)] as const];
  const config = loadConfig({
    overrides: [...pairs, ...data],
    env,
    ...(options.config === undefined ? {} : { file: options.config }),
  });
  return { ...config, dataDirectory: resolve(config.dataDirectory) };
}

function splitPair(pair: string): readonly [string, string] {
  const at = pair.indexOf('=');
  if (at > 0) return [pair.slice(0, at), pair.slice(at + 1)];
  throw new PerigeeError('usage', `"${pair}" is no key=value`, 'Write, for example, --set web.port=8080.');
}

/** The gateway that runs on the data directory. Its calls fail with `gateway-not-running` when none does. */
export function runningGateway(env: Env, options: CommonOptions): GatewayControl {
  return connectControl(controlSocket(configOf(env, options).dataDirectory));
}

/** Whether one answers. @throws PerigeeError for anything else that is wrong with it. */
export async function gatewayRuns(control: GatewayControl): Promise<boolean> {
  try {
    await control.status();
    return true;
  } catch (error) {
    if (error instanceof PerigeeError && error.code === 'gateway-not-running') return false;
    throw error;
  }
}

/** More than anyone has on a screen; an older run is named by its whole id. */
export const MAX_LISTED = 100;

/** The one run whose id begins so; a whole id is taken as it is. @throws PerigeeError `run-unknown` for none or several. */
export async function runByPrefix(control: GatewayControl, text: string): Promise<RunId> {
  const prefix = text.toLowerCase();
  if (isRunId(prefix)) return prefix;
  const runs = (await control.runs(MAX_LISTED)).filter((run) => run.id.startsWith(prefix));
  return theOne(
    runs.map(({ id }) => id),
    text,
  );
}

/** @throws PerigeeError `run-unknown` for none or several. */
export function theOne(ids: readonly RunId[], prefix: string): RunId {
  const [id] = ids;
  if (id !== undefined && ids.length === 1) return id;
  const message = id ? `${ids.length} runs begin with "${prefix}"` : `no run begins with "${prefix}"`;
  throw new PerigeeError('run-unknown', message, 'See `perigee ps --all` for the runs there are.');
}
