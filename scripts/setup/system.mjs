// The step that installs system packages with apt.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { lastLines, runChild } from './child.mjs';
import { EXIT, installPlan, packagesOf, requirements } from './plan.mjs';
import { SetupError } from './report.mjs';

/** Enough of apt's last words to show its reason. */
const SHOWN_LINES = 15;
/** A fresh machine often updates itself just after it starts; wait for that to end. */
const DPKG_LOCK_SECONDS = 300;

/** Missing is what is not on PATH: asking dpkg would be slower, and wrong where a program was installed by other means. */
export function systemStep(goal, nodeArch) {
  const missing = () => requirements(goal, nodeArch).filter(({ program }) => !isOnPath(program));
  return {
    isNeeded: () => missing().length > 0,
    title: () => `system packages ${packagesOf(missing()).join(' ')}`,
    run: async () => {
      const plan = installPlan(missing(), await rights());
      if (plan.kind === 'refuse') throw new SetupError(EXIT.systemPackages, plan.reason);
      await install(plan);
      const still = missing().map(({ program }) => program);
      if (still.length === 0) return;
      throw new SetupError(
        EXIT.systemPackages,
        `apt-get succeeded, but PATH still lacks ${still.join(', ')}.`,
      );
    },
  };
}

export function isOnPath(program) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder || '.', program), constants.X_OK);
      return true;
    } catch {
      // Not here; perhaps in the next folder.
      return false;
    }
  });
}

async function rights() {
  return { apt: isOnPath('apt-get'), root: process.getuid?.() === 0, sudo: await sudoWorks() };
}

async function sudoWorks() {
  if (!isOnPath('sudo')) return false;
  const canAsk = process.stdin.isTTY && process.stderr.isTTY;
  return canAsk || (await runChild('sudo', ['-n', 'true'])).status === 0;
}

async function install({ prefix, packages }) {
  const [command, ...before] = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get'];
  const apt = (...args) =>
    runChild(command, [...before, '-o', `DPkg::Lock::Timeout=${DPKG_LOCK_SECONDS}`, ...args]);
  // A failing update is not the end: one unreachable source of many, or lists that are fresh enough.
  const update = await apt('update');
  const result = await apt('install', '--no-install-recommends', '-y', ...packages);
  if (result.status === 0) return;
  throw new SetupError(
    EXIT.systemPackages,
    `${complaints(update.output)}\n${complaints(result.output)}\napt-get could not install ${packages.join(' ')} (status ${result.status}).`,
  );
}

/** apt's errors and warnings, or else its last words. An update that reached no source ends with status 0. */
function complaints(output) {
  const marked = output.split('\n').filter((line) => /^(E|W|Err|dpkg)\b/.test(line));
  return lastLines(marked.length > 0 ? marked.join('\n') : output, SHOWN_LINES);
}
