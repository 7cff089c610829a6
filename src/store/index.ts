/** Where observations, runs and cursors are kept: in LevelDB, or in memory. */
export { LABELS_MAX, LABEL_VALUE_MAX_CHARACTERS, SAMPLES_PER_OBSERVATION_MAX, SERIES_MAX } from './ledger.js';
export { openLevelStore } from './level-store.js';
export type { LevelStoreOptions, StoreFaults } from './level-store.js';
export { createMemoryStore } from './memory-store.js';
export type { MemoryStoreOptions } from './memory-store.js';
export { createRecorder } from './recorder.js';
export type { Recorder } from './recorder.js';
