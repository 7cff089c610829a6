import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { cpus, release } from 'node:os';
import { delimiter, join } from 'node:path';
import type { QemuSpec } from '../domain/index.js';
import type { Accelerator } from './evidence.js';

/** To be raised when a trial means something else than before. */
const VERSION = 1;
/** Made anew by the kernel at each boot (random(4)). */
const BOOT_ID = '/proc/sys/kernel/random/boot_id';

export interface Circumstances {
  readonly specs: Readonly<Record<Accelerator, QemuSpec>>;
  readonly kernelSha256: string;
  /** Of /dev/kvm. */
  readonly deviceStamp: string;
  /** Where programs without a path are looked for, as in PATH. */
  readonly searchPath: string;
}

/** One text for all that a trial's answer depends on; undefined where that cannot be told, and nothing may be remembered. */
export async function fingerprint(circumstances: Circumstances): Promise<string | undefined> {
  const { specs, kernelSha256, deviceStamp, searchPath } = circumstances;
  try {
    const [boot, qemu] = await Promise.all([
      readFile(BOOT_ID, 'latin1'),
      stampOf(specs.kvm.program, searchPath),
    ]);
    const board = [boot.trim(), release(), cpus()[0]?.model, process.arch, process.getuid?.()];
    const parts = [VERSION, specs, kernelSha256, deviceStamp, qemu, board];
    return qemu && createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  } catch {
    // No /proc: then no boot can be told from the next.
    return undefined;
  }
}

/** Another QEMU has another path, size or time. */
async function stampOf(program: string, searchPath: string): Promise<string | undefined> {
  const folders = program.includes('/') ? [''] : searchPath.split(delimiter);
  for (const folder of folders) {
    const path = join(folder, program);
    // Not in this folder, but perhaps in the next.
    const found = await stat(path).catch(() => undefined);
    if (found?.isFile()) return [path, found.size, found.mtimeMs].join(':');
  }
  return undefined;
}
