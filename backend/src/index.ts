/** The reference backend: takes batches from gateways over HTTP, keeps them, and answers questions about them. */
export { openBackend } from './backend.js';
export type { Backend, BackendOptions } from './backend.js';
export { BackendError } from './errors.js';
export type { BackendErrorCode } from './errors.js';
export type { Logger as BackendLogger } from './logger.js';
export type { Totals as BackendTotals } from './queries.js';
