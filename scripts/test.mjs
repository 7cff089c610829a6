// Runs the compiled tests: `node scripts/test.mjs all|unit|e2e|bluetooth-vm [filter ...]`.
// A filter is a part of a file's path or, if no path holds it, of a test's name. The last line is `N passed, N failed`.
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chooseFiles, testFiles } from './test/files.mjs';
import { createTally } from './test/tally.mjs';

/** Far above the slowest file on the slowest board: a file that hangs ends here. */
const FILE_TIMEOUT_MS = 5 * 60_000;

// Whatever ends this process before every result is in and good, ends it as a failure.
process.exitCode = 1;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { files, names } = choose(process.argv.slice(2));

const guard = pathToFileURL(`${root}/scripts/test/guard.mjs`).href;
process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --import=${guard}`.trim();

const tally = createTally(files, { mayBeEmpty: names.length > 0 });
if (files.length > 0) {
  const events = run({
    files,
    concurrency: availableParallelism(),
    timeout: FILE_TIMEOUT_MS,
    ...(names.length > 0 && { testNamePatterns: names }),
  });
  events.on('test:pass', tally.pass).on('test:fail', tally.fail);
  for await (const text of events.compose(new spec())) process.stdout.write(text);
}

const { passed, failed, remarks } = tally.end();
for (const remark of remarks) console.log(remark);
console.log(`${passed} passed, ${failed} failed`);
if (failed === 0) process.exitCode = 0;

function choose([group, ...filters]) {
  try {
    return chooseFiles(root, testFiles(root, group), filters);
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
}
