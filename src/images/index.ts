/** What can be run: manifests, flavours and the catalogue of image folders. */
export { openCatalogue, type Catalogue, type CatalogueProblem } from './catalogue.js';
export { QEMU_PROGRAMS, qemuSpec, vmSpec, type HostChoices } from './vm-spec.js';
export { parseManifest } from './manifest.js';
export { warmStart } from './warm-start.js';
export { FLAVOUR_FACTS, type FlavourFacts } from './flavours.js';
export { lookAt, type Looked } from './look.js';
export { openAddedImages } from './added.js';
export { draftImage, type Draft, type Said } from './draft.js';
export {
  fingerprint,
  signManifest,
  signatureState,
  signingKey,
  trustOf,
  trustedKey,
  type SignatureState,
} from './signature.js';
export { readManifest, readSignature, signImage } from './signature-file.js';
