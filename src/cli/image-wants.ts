import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config/index.js';
import type { GatewayControl, ImageName, Schedule } from '../domain/index.js';
import { addedImages, createLogger, systemClock } from '../platform/index.js';

/** What is set to start the image, or to keep it ready, a phrase each. */
export async function wantsOf(
  name: ImageName,
  config: Config,
  running: Pick<GatewayControl, 'schedules' | 'status'> | undefined,
): Promise<readonly string[]> {
  const kept = config.keepRunning.includes(name) ? ['keepRunning names it'] : [];
  const warm = (config.runner.warm[name] ?? 0) > 0 ? ['runner.warm keeps it ready'] : [];
  // A gateway may have another configuration than this command.
  const isReady = ((await running?.status())?.readyGuests[name] ?? 0) > 0;
  const ready = isReady && warm.length === 0 ? ['the gateway keeps it ready'] : [];
  const schedules = running ? await running.schedules() : await storedSchedules(name, config);
  const others = schedules
    .filter(({ image, trigger }) => image === name && (trigger.kind !== 'kept' || kept.length === 0))
    .map((schedule) =>
      schedule.trigger.kind === 'kept'
        ? 'the gateway keeps it running'
        : `schedule ${schedule.name} starts it`,
    );
  return [...kept, ...warm, ...ready, ...others];
}

/** Of a gateway that does not run. */
async function storedSchedules(name: ImageName, config: Config): Promise<readonly Schedule[]> {
  const { dataDirectory: directory } = config;
  // For an image that is not there, nothing is opened.
  if (!existsSync(join(addedImages(directory), name)) || !existsSync(join(directory, 'store'))) return [];
  const { readExistingStore } = await import('../store/index.js');
  const parts = { directory, clock: systemClock, logger: createLogger('error'), ...config.store };
  await using store = await readExistingStore(parts);
  // What is kept running is the configuration's.
  return (await store.schedules.list())
    .map(({ schedule }) => schedule)
    .filter(({ trigger }) => trigger.kind !== 'kept');
}
