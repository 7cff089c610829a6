import { rmSync } from 'node:fs';
import type { TenderSpec } from '../domain/index.js';
import type { Vm, VmListener } from './monitor.js';
import { startProcess } from './process.js';
import { tenderCommand } from './tender-args.js';
import { tenderEvidence, tenderWords } from './tender-evidence.js';

/** Starts a guest under a Solo5 tender: its console is the tender's standard output, and nothing else is said. */
export function startTender(
  spec: TenderSpec,
  listener: VmListener,
  env: Readonly<Record<string, string>>,
): Vm {
  const [program = spec.program, ...args] = tenderCommand(spec);
  let spoke = false;
  const child = startProcess({
    ...{ program, args, env, sockets: 0, apart: false },
    console(chunk) {
      spoke = true;
      listener.console(chunk);
    },
  });
  const exited = child.exited.then((exit) => {
    if (spec.block) removeScratch(spec.block.scratch);
    tenderEvidence(spec.monitor, exit, spoke).forEach((event) => listener.event(event));
    return { ...exit, stderr: tenderWords(spec.monitor, exit.stderr) };
  });
  return { processId: child.processId, kill: child.kill, exited };
}

/** There only where the tender was ended before its guest began. */
function removeScratch(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // It could not be made either, and the tender has said why; else the next start of a gateway removes it.
  }
}
