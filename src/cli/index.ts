/** The perigee command. */
export { runCommandLine } from './program.js';
export type { DemoSummary } from './demo.js';
