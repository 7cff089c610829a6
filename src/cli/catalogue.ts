import type { Config } from '../config/index.js';
import { openCatalogue, trustOf, type Catalogue } from '../images/index.js';
import { BUILT_IMAGES, addedImages } from '../platform/index.js';

/** The images that a gateway with this configuration would run. */
export function catalogueOf(config: Config): Catalogue {
  const added = addedImages(config.dataDirectory);
  return openCatalogue(config.imagesDirectory ?? BUILT_IMAGES, { added, trust: trustOf(config.images) });
}

/** With those that it would not, because of their signatures. */
export function wholeCatalogueOf({ dataDirectory, imagesDirectory }: Config): Catalogue {
  return openCatalogue(imagesDirectory ?? BUILT_IMAGES, { added: addedImages(dataDirectory) });
}
