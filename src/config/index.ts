/** The configuration: argv > env > file > defaults, parsed once and frozen. Every error names the key and the line. */
export { loadConfig, type ConfigSources } from './load.js';
export { type Config, type FeaturedMetric } from './schema.js';
