/** Ground floor: the words of the house. Imports nothing, and knows neither Node nor the clock. */
export * from './control.js';
export * from './errors.js';
export * from './history.js';
export * from './guest.js';
export * from './ids.js';
export * from './image.js';
export * from './loss.js';
export * from './observation.js';
export * from './ports.js';
export * from './radio.js';
export * from './run.js';
export * from './safeguard.js';
export * from './schedule.js';
export * from './store-statistics.js';
export * from './token-bucket.js';
export * from './topic.js';
export * from './vm.js';
