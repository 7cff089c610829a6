import type { Config } from '../config/index.js';
import { openCatalogue, type Catalogue } from '../images/index.js';
import { BUILT_IMAGES, addedImages } from '../platform/index.js';

/** The images that a gateway with this configuration would run. */
export function catalogueOf({ dataDirectory, imagesDirectory }: Config): Catalogue {
  return openCatalogue(imagesDirectory ?? BUILT_IMAGES, { added: addedImages(dataDirectory) });
}
