// The step that installs npm packages.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { runChild } from './child.mjs';
import { EXIT } from './plan.mjs';
import { SetupError } from './report.mjs';
import { readStamp, readText, writeStamp } from './stamp.mjs';

export function npmStep(root) {
  const stampFile = join(root, 'node_modules', '.perigee-setup.json');
  return {
    isNeeded: () => {
      const want = wanted(root);
      const have = readStamp(stampFile);
      if (have && have.abi !== want.abi) return true;
      if (have?.lock === want.lock) return false;
      if (!npmSaysInstalled(root)) return true;
      writeStamp(stampFile, want);
      return false;
    },
    title: () => 'npm packages',
    run: async () => {
      // No package of ours needs its install script: native ones bring their binaries along, or are optional.
      const args = [
        'ci',
        '--ignore-scripts',
        '--include=dev',
        '--include=optional',
        '--no-audit',
        '--no-fund',
      ];
      const { status, output } = await runChild('npm', [...args, '--loglevel=error'], { cwd: root });
      if (status !== 0)
        throw new SetupError(EXIT.npmPackages, `${output}\nnpm ci failed (status ${status}).`);
      writeStamp(stampFile, wanted(root));
    },
  };
}

const wanted = (root) => ({
  lock: createHash('sha256')
    .update(readText(join(root, 'package-lock.json')) ?? '')
    .digest('hex'),
  abi: `${process.platform}-${process.arch}-${process.versions.modules}`,
});

/** Whether a developer's own `npm install` left what the lock file asks for: npm keeps its own record of what it did. */
function npmSaysInstalled(root) {
  const lock = readStamp(join(root, 'package-lock.json'))?.packages;
  const installed = readStamp(join(root, 'node_modules', '.package-lock.json'))?.packages;
  return Boolean(lock && installed) && lockIsInstalled(lock, installed);
}

/** Compares the `packages` of package-lock.json with those of npm's record, which leaves out optional ones that do not fit. */
export function lockIsInstalled(lock, installed) {
  const foreign = Object.keys(installed).filter((path) => !(path in lock));
  if (foreign.length > 0) return false;
  return Object.entries(lock)
    .filter(([path]) => path.startsWith('node_modules/') || path.includes('/node_modules/'))
    .every(([path, { version, optional, devOptional, peer }]) => {
      const there = installed[path];
      return there ? there.version === version : Boolean(optional || devOptional || peer);
    });
}
