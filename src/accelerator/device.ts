import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { KvmDevice } from './evidence.js';

/** Opens the device as QEMU would, and closes it: its mode alone does not tell, because of access lists and sandboxes. */
export async function lookAtKvm(path: string): Promise<KvmDevice> {
  try {
    await using file = await open(path, constants.O_RDWR);
    const { rdev, mode, uid, gid } = await file.stat();
    return { kind: 'opens', stamp: [rdev, mode, uid, gid].join(':') };
  } catch (error) {
    return deviceWithout(codeOf(error));
  }
}

/** No node, or one with no driver behind it: the module is not loaded, or the processor cannot. */
const ABSENT = ['ENOENT', 'ENODEV', 'ENXIO'];
const DENIED = ['EACCES', 'EPERM'];

function deviceWithout(code: string): KvmDevice {
  if (ABSENT.includes(code)) return { kind: 'absent' };
  return DENIED.includes(code) ? { kind: 'denied' } : { kind: 'unusable', code };
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}
