import { rmSync } from 'node:fs';
import type { Cell } from '../confinement/index.js';
import type { TenderSpec } from '../domain/index.js';
import type { Vm, VmListener } from './monitor.js';
import { startProcess } from './process.js';
import { seenBy } from './seen.js';
import { tenderCommand } from './tender-args.js';
import { tenderEvidence, tenderWords } from './tender-evidence.js';

/** Starts a guest under a Solo5 tender: its console is the tender's standard output, and nothing else is said. */
export function startTender(
  spec: TenderSpec,
  listener: VmListener,
  env: Readonly<Record<string, string>>,
  cell: Cell | undefined,
): Vm {
  const { files, seen } = seenBy(spec, spec.block?.scratch, cell, 0);
  const [program = spec.program, ...args] = tenderCommand(spec, seen);
  let spoke = false;
  const child = startProcess({
    ...{ program, args, files, env, sockets: 0, apart: false, cell },
    // A shell that copies its disk comes first.
    group: true,
    console(chunk) {
      spoke = true;
      listener.console(chunk);
    },
  });
  if (child.processId !== undefined) void cell?.hold(child.processId);
  const exited = child.exited.then((exit) => {
    if (spec.block) removeScratch(spec.block.scratch);
    tenderEvidence(spec.monitor, exit, spoke).forEach((event) => listener.event(event));
    return { ...exit, monitor: spec.monitor, stderr: tenderWords(spec.monitor, exit.stderr) };
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
