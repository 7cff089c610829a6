/** What guests printed, kept on disk: a ring of files for each run, and a bound over all runs. */
export { openConsoles, type ConsoleLimits, type Consoles } from './consoles.js';
export { createConsoleReader, type ConsoleReader } from './reader.js';
export { consolesIn } from './segments.js';
