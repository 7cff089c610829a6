/** Where observations, runs and cursors are kept: in LevelDB. */
export { openLevelStore } from './open-level-store.js';
export { openExistingStore, readExistingStore } from './existing.js';
export type { ToolableStore } from './level-store.js';
export type { LevelStoreOptions, StoreFaults } from './open-level-store.js';
export { archiveFrames as backupFrames } from './tools/archive.js';
export { backupHeader, restoreBackup } from './tools/restore.js';
export type { BackupHeader, Restored } from './tools/restore.js';
export { checkStore } from './check/check.js';
export { repairStore } from './check/repair.js';
export type { RepairReport } from './check/repair.js';
export type { StoreFinding, StoreReport } from './salvage/finding.js';
export { createRecorder } from './recorder.js';
export type { Recorder } from './recorder.js';
