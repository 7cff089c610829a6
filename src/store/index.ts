/** Where observations, runs and cursors are kept: in LevelDB. */
export { openLevelStore } from './level-store.js';
export type { LevelStoreOptions, StoreFaults } from './level-store.js';
export { createRecorder } from './recorder.js';
export type { Recorder } from './recorder.js';
