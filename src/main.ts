import { mindClosedPipes, runCommandLine } from './cli/index.js';

mindClosedPipes();
process.exitCode = await runCommandLine(process.argv, process.env);
