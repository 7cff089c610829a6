// Runs one program to its end.
import { spawn } from 'node:child_process';

/** Of what a program says, this much of its end is shown when it fails. */
const SHOWN = 2000;

/** What it printed; rejects with its last words unless it ends with status 0. */
export function run(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    const end = () => child.kill();
    process.once('exit', end);
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
    child.once('error', reject);
    child.once('close', (status) => {
      process.off('exit', end);
      if (status === 0) resolve(said);
      else reject(new Error(`${program} ${args[0]} ended with ${status}:\n${said.slice(-SHOWN)}`));
    });
  });
}
