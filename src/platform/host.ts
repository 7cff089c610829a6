import { PerigeeError, type Architecture } from '../domain/index.js';

const ARCHITECTURE_OF_NODE: Readonly<Record<string, Architecture>> = {
  x64: 'x86_64',
  arm64: 'arm64',
  arm: 'armv7',
};

/** @throws PerigeeError `run-refused` on a processor that we build no guests for. */
export function hostArchitecture(): Architecture {
  const architecture = ARCHITECTURE_OF_NODE[process.arch];
  if (architecture) return architecture;
  const cure = 'Use a 64-bit PC, or a board with a 64-bit or ARMv7 processor.';
  throw new PerigeeError('run-refused', `there are no guests for the processor ${process.arch}`, cure);
}
