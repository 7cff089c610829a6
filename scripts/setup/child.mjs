// Child processes of set-up: quiet unless they fail, and never left behind.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { setTimeout } from 'node:timers';

/** How much of a child's output is kept to show if it fails: a compiler's first error is far from its last line. */
const TAIL_CHARS = 64 * 1024;
/** How long a child may take to obey SIGTERM: apt-get finishes the package that it is unpacking. */
const GRACE_MS = 10_000;

const children = new Set();

/** Resolves to the exit status and the end of the output; never rejects. Standard input is ours: sudo may ask there. */
export function runChild(command, args, options = {}) {
  return new Promise((done) => {
    let output = '';
    const keep = (chunk) => (output = (output + chunk).slice(-TAIL_CHARS));
    const child = spawn(command, args, { stdio: ['inherit', 'pipe', 'pipe'], ...options });
    children.add(child);
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    const end = (status) => {
      children.delete(child);
      done({ status, output: output.trimEnd() });
    };
    child.once('error', (error) => (keep(`${command}: ${error.message}`), end(-1)));
    child.once('close', (code) => end(code ?? -1));
  });
}

/** The last lines of an output that is too long to show whole. */
export const lastLines = (text, count) => text.split('\n').slice(-count).join('\n');

/** From here on, a signal to set-up ends its children first, then set-up. */
export function endChildrenOnSignals() {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => endAll(signal));
}

function endAll(signal) {
  const exit = () => process.exit(128 + constants.signals[signal]);
  for (const child of children) {
    child.once('close', () => children.size === 0 && exit());
    child.kill('SIGTERM');
  }
  if (children.size === 0) exit();
  setTimeout(() => {
    for (const child of children) child.kill('SIGKILL');
    exit();
  }, GRACE_MS);
}
