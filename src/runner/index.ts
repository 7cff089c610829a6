/** Starts guests under QEMU, watches them, and says what each did and cost. */
export { createRunner, type Runner, type RunnerParts } from './runner.js';
export { LastWill } from './last-will.js';
export { endOrphans } from './orphans.js';
export { firstReport } from './trial.js';
export { askHelper, runHelper } from './process.js';
