import type { Config } from '../config/index.js';
import { startGateway, type Gateway } from '../gateway.js';
import { createLogger, systemClock } from '../platform/index.js';

type Env = Readonly<Record<string, string | undefined>>;

/** A gateway that ends with the command: it runs what it is asked to, and tells nobody. */
export function startOwnGateway(env: Env, config: Config): Promise<Gateway> {
  return startGateway({
    config: {
      ...config,
      radio: { ...config.radio, mode: 'off' },
      sync: { intervalMs: config.sync.intervalMs },
      web: { ...config.web, enabled: false },
    },
    onDemandOnly: true,
    clock: systemClock,
    searchPath: env['PATH'] ?? '',
    logger: createLogger('error'),
  });
}
