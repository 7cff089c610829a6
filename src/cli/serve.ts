import { startGateway } from '../gateway.js';
import { createLogger, keepHeapSmall, systemClock } from '../platform/index.js';
import { configOf, type CommonOptions } from './options.js';
import { print, printJson } from './output.js';
import { untilAskedToEnd } from './signals.js';

type Env = Readonly<Record<string, string | undefined>>;

/** Ends with 0 on SIGINT or SIGTERM, once every guest has ended and everything is stored. */
export async function serve(env: Env, options: CommonOptions): Promise<number> {
  keepHeapSmall();
  const config = configOf(env, options);
  // Listened for from here on, so that a start that is interrupted closes what it has opened.
  const ended = untilAskedToEnd();
  await using gateway = await startGateway({
    config,
    clock: systemClock,
    searchPath: env['PATH'] ?? '',
    logger: createLogger(config.logLevel),
  });
  const status = await gateway.control.status();
  if (options.json) printJson(status);
  else
    print(
      `perigee ${status.version}: gateway ${status.gatewayId} on ${config.dataDirectory}, page ${status.webUrl ?? 'off'}`,
    );
  await ended;
  return 0;
}
