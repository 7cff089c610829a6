/** The perigee command. */
export { runCommandLine } from './program.js';
export { mindClosedPipes } from './signals.js';
export type { DemoSummary } from './demo.js';
