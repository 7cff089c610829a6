import { PerigeeError, reasonOf } from '../domain/index.js';
import { diagnose } from './diagnosis.js';
import { KERNEL_PATHS, surroundings } from './surroundings.js';
import type { KernelPaths } from './surroundings.js';

/** Where the drivers' and the kernel's errors become ours. `device` is undefined where none was opened. */
export type Explain = (cause: unknown, device: number | undefined) => PerigeeError;

export function ofAdapter(kernel: KernelPaths = KERNEL_PATHS): Explain {
  return (cause, device) => {
    if (cause instanceof PerigeeError || device === undefined) return ofVirtual(cause);
    const { reason, cure } = diagnose(cause, device, surroundings(kernel));
    return new PerigeeError('radio-unavailable', reason, cure, { cause });
  };
}

/** Of a radio that no kernel knows of. */
export function ofVirtual(cause: unknown): PerigeeError {
  if (cause instanceof PerigeeError) return cause;
  const cure = 'It is tried again. If it stays so, report it with the log: no hardware has a part in it.';
  return new PerigeeError('radio-unavailable', `The virtual radio fails: ${reasonOf(cause)}`, cure, {
    cause,
  });
}
