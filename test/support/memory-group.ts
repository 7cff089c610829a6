import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Of cgroup version 1: a shell is within it, and what it starts cannot have more. */
const LIMIT_BYTES = 32 * 1024 * 1024;
const V1 = '/sys/fs/cgroup/memory';

export interface MemoryGroup extends Disposable {
  /** A line of a shell's that takes all the memory there is, and never comes back. */
  readonly exhaust: string;
}

/** A place where the kernel ends a process for want of memory; undefined on a machine that lets a test make none. */
export function memoryGroup(): MemoryGroup | undefined {
  const folder = join(V1, `perigee-test-${process.pid}`);
  try {
    if (!existsSync(join(V1, 'memory.limit_in_bytes'))) return undefined;
    mkdirSync(folder);
    writeFileSync(join(folder, 'memory.limit_in_bytes'), String(LIMIT_BYTES));
  } catch {
    // The answer.
    return undefined;
  }
  return {
    exhaust: `echo $$ > ${folder}/cgroup.procs; exec tail /dev/zero`,
    [Symbol.dispose]: () => rmdirSync(folder),
  };
}
