// All set-up on a machine that has only Node with npm: `node scripts/setup.mjs start|test`.
// Says what it does on stderr, so that a program's own output stays alone on stdout. Exit statuses: setup/plan.mjs.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSteps } from './setup/builds.mjs';
import { endChildrenOnSignals } from './setup/child.mjs';
import { withLock } from './setup/lock.mjs';
import { npmStep } from './setup/npm.mjs';
import { EXIT, USAGE, isGoal, nodeProblem } from './setup/plan.mjs';
import { SetupError, progress, say } from './setup/report.mjs';
import { systemStep } from './setup/system.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

async function main(goal) {
  if (goal === '--help') return say(USAGE);
  if (!isGoal(goal)) throw new SetupError(EXIT.usage, USAGE);
  const problem = nodeProblem(process.versions.node);
  if (problem) throw new SetupError(EXIT.node, problem);

  const steps = [systemStep(goal, process.arch), npmStep(root), ...buildSteps(root, goal, process.arch)];
  if (!steps.some((step) => step.isNeeded())) return;
  endChildrenOnSignals();
  await withLock(root, async () => {
    for (const step of steps) if (step.isNeeded()) await progress(step.title(), step.run);
  });
}

try {
  await main(process.argv[2]);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(error.message);
  process.exitCode = error.status;
}
