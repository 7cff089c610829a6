/** The machine below: clocks, log, paths, and what this board is. */
export { boardSerial } from './board.js';
export { systemClock } from './clock.js';
export { Closer } from './closer.js';
export { nodeCurve } from './curve.js';
export { keepHeapSmall } from './heap.js';
export { identityKey } from './identity.js';
export { newRunId } from './ids.js';
export { createLogger } from './logger.js';
export { bootId, hostArchitecture, pageBytes } from './host.js';
export { boardMemory } from './memory.js';
export { ReservedCounter } from './reserved-counter.js';
export { pruneRuns } from './prune-runs.js';
export { PACKAGE_ROOT, BUILT_IMAGES, MULTIBOOT_LOADER, packageVersion } from './paths.js';
export {
  BACKED_UP_FOLDERS,
  acceleratorNote,
  addedImages,
  airSocket,
  bthomeCounterFile,
  clockNote,
  consoleDirectory,
  controlSocket,
  demoBackendDirectory,
  identityKeyFile,
  phoneBookFile,
  runFolder,
  runFolders,
} from './data-layout.js';
