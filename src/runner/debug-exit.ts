import type { DebugExit } from '../domain/index.js';
import { lastWords, type MonitorExit } from './lifecycle.js';

/** What Hermit's tests for success: (1 << 1) | 1. */
const SUCCESS = 3;

/** The guest's own status, where it ended QEMU by a device that tells one. QEMU's own failures end with 1 too, but say why. */
export function guestStatus(
  { writes }: DebugExit,
  { code, stderr }: Pick<MonitorExit, 'code' | 'stderr'>,
): number | undefined {
  if (code === undefined || code % 2 === 0 || lastWords(stderr) !== '') return undefined;
  switch (writes) {
    case 'status':
      return (code - 1) / 2;
    case 'success':
      return code === SUCCESS ? 0 : 1;
    case 'nothing':
      return undefined;
  }
}
