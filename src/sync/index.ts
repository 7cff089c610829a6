/** Uploads what the store gains to a backend, once and without loss. */
export { SYNC_CURSORS } from './courier.js';
export { createUploader } from './uploader.js';
export type { Uploader, UploaderOptions } from './uploader.js';
export type { SyncOutcome, SyncState, SyncStatus } from './status.js';
