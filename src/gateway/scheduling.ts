import type { Config } from '../config/index.js';
import { isImageName, parseImageName, reasonOf } from '../domain/index.js';
import type { ImageName, Logger, RestartPolicy, Schedule } from '../domain/index.js';
import type { Catalogue } from '../images/index.js';

/** What the configuration keeps running, as schedules: each image by its name, a second of the same with a number. */
export async function keptSchedules(
  names: readonly string[],
  catalogue: Catalogue,
  logger: Logger,
): Promise<readonly Schedule[]> {
  const kept: Schedule[] = [];
  for (const image of names) {
    if (!isImageName(image)) {
      logger.error({ image }, 'cannot be kept running: it is no name of an image');
      continue;
    }
    const before = kept.filter((schedule) => schedule.image === image).length;
    kept.push({
      ...{ name: before === 0 ? image : `${image}-${before + 1}`, image, trigger: { kind: 'kept' } },
      ...{ jitterMs: 0, missed: 'skip', overlap: 'skip', priority: 0 },
      restart: await restartOf(image, catalogue, logger),
    });
  }
  return kept;
}

/** An image that cannot be read now may be built later, so it is tried like any other. */
async function restartOf(image: ImageName, catalogue: Catalogue, logger: Logger): Promise<RestartPolicy> {
  try {
    return (await catalogue.get(image)).restart ?? 'always';
  } catch (error) {
    logger.warn({ image }, `is to be kept running: ${reasonOf(error)}`);
    return 'always';
  }
}

/** How many of each image are to be kept ready: what the configuration says, and for what is about to start. */
export function warmSizes(
  sizes: Config['runner']['warm'],
  expected: ReadonlyMap<ImageName, number>,
): ReadonlyMap<ImageName, number> {
  const all = new Map(expected);
  for (const [name, size] of Object.entries(sizes)) {
    const image = parseImageName(name);
    all.set(image, Math.max(size, all.get(image) ?? 0));
  }
  return all;
}
