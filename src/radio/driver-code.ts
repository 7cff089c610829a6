import { createRequire } from 'node:module';
import { PerigeeError, reasonOf } from '../domain/index.js';
import type { Diagnosis } from './diagnosis.js';

export const BLENO_DRIVERS = ['stoprocent', 'abandonware'] as const;
export type BlenoDriver = (typeof BLENO_DRIVERS)[number];

/** Node finds no such file, or the code was built for another Node or another board. */
const NOT_LOADED = /^(MODULE_NOT_FOUND|ERR_DLOPEN_FAILED)$/;
/** What the loader of prebuilt code says. */
const NOT_BUILT = 'No native build was found';

/** Why a driver cannot be used on this board, whatever the adapter; undefined where its package and its code are there. */
export function driverFault(driver: BlenoDriver): Diagnosis | undefined {
  try {
    const require = createRequire(import.meta.url);
    require.resolve(`@${driver}/bleno`);
    require(`@${driver}/bluetooth-hci-socket`);
    return undefined;
  } catch (cause) {
    return isMissing(cause) ? missing(driver, cause) : undefined;
  }
}

/** What loading a driver has thrown: its own absence is ours to tell, the adapter's state the kernel's. */
export function loadingError(driver: BlenoDriver, cause: unknown): unknown {
  if (!isMissing(cause)) return cause;
  const { reason, cure } = missing(driver, cause);
  return new PerigeeError('radio-unavailable', reason, cure, { cause });
}

function isMissing(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  return NOT_LOADED.test('code' in cause ? String(cause.code) : '') || cause.message.includes(NOT_BUILT);
}

function missing(driver: BlenoDriver, cause: unknown): Diagnosis {
  const absent = reasonOf(cause).includes(`'@${driver}/`);
  return absent
    ? {
        reason: `The Bluetooth driver @${driver}/bleno is not installed`,
        cure: `Install it: \`npm install @${driver}/bleno\`.`,
      }
    : {
        reason: `The native code of the Bluetooth driver @${driver}/bleno is not there for this board`,
        cure: `Build it: \`npm rebuild @${driver}/bluetooth-hci-socket\` (needs python3, make and g++).`,
      };
}
