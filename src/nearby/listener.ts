import { BTHOME_SERVICE, decodeBthome } from '@perigee/gatt';
import type { BthomeData } from '@perigee/gatt';
import { PerigeeError, reasonOf } from '../domain/index.js';
import type { Logger } from '../domain/index.js';
import { joinAir, offerDevice } from '../air/index.js';
import { closeNoble, openNoble } from './noble-loader.js';
import type { Noble } from './noble-types.js';
import { readReports } from './reports.js';
import type { BthomeKeys } from './sighting.js';

const SERVICE_DATA = 0x16;
const SHORT_UUID_BYTES = 2;

export interface BthomeListenerOptions {
  /** The Unix socket of a virtual radio, or the N of hciN: noble has the adapter for itself. */
  readonly on: { readonly airSocket: string } | { readonly hciDevice: number };
  readonly keys: BthomeKeys;
  readonly heard: (address: string, data: BthomeData) => void;
  /** The adapter is gone; nothing is heard any more. */
  readonly lost: (error: Error) => void;
  readonly logger: Logger;
}

/**
 * Hears what devices nearby say in BTHome, for as long as it is not disposed of. noble keeps everybody that it ever
 * heard, and addresses change every quarter of an hour: so its reports are taken before it does.
 * Rejects with `radio-unavailable`.
 */
export async function listenForBthome(options: BthomeListenerOptions): Promise<Disposable> {
  const { on } = options;
  const device = 'airSocket' in on ? offerDevice(await joinAir(on.airSocket)) : undefined;
  try {
    const id = device?.id ?? ('hciDevice' in on ? on.hciDevice : 0);
    const noble = await openNoble(id, options.lost, (opened) => takeReports(opened, options));
    noble._bindings._hci.setScanEnabled(false, true);
    noble._bindings._hci.setScanParameters();
    // With duplicates: values change, and a repeated report is how they are heard.
    noble._bindings._hci.setScanEnabled(true, false);
    return {
      [Symbol.dispose]() {
        noble._bindings._hci.setScanEnabled(false, true);
        closeNoble(noble);
        device?.withdraw();
      },
    };
  } catch (error) {
    device?.withdraw();
    if (error instanceof PerigeeError) throw error;
    const cure = 'Look whether another program holds the adapter: bleno and noble cannot share one.';
    throw new PerigeeError('radio-unavailable', `Nothing can be heard: ${reasonOf(error)}`, cure, {
      cause: error,
    });
  }
}

function takeReports(
  { _bindings: { _hci: hci } }: Noble,
  { heard, keys, logger }: BthomeListenerOptions,
): void {
  const receive = hci.onSocketData.bind(hci);
  hci.onSocketData = (packet) => {
    try {
      receive(packet);
    } catch (error) {
      // The package reads what a radio sent without looking at its length.
      logger.debug({ packet: packet.toString('hex', 0, 24), reason: reasonOf(error) }, 'dropped a report');
    }
  };
  // In its place, since it prints a line for each report that was cut, and whoever sends them would fill the log.
  hci.processLeAdvertisingReport = (count, reports) => {
    for (const { address, data } of readReports(count, reports)) {
      const said = bthomeIn(data);
      const key = keys.get(address);
      const bthome = said && decodeBthome(said, key && { key, address });
      if (bthome !== undefined) heard(address, bthome);
    }
  };
  // Never asked for.
  hci.processLeExtendedAdvertisingReport = () => undefined;
}

/** Service data of BTHome in advertising data: length, type, UUID and value of each part (vol 3, part C, 11). */
function bthomeIn(data: Buffer): Buffer | undefined {
  for (let at = 0; at + 1 < data.length;) {
    const length = data.readUInt8(at);
    const part = data.subarray(at + 1, at + 1 + length);
    if (length === 0 || part.length < length) return undefined;
    const uuid = part.subarray(1, 1 + SHORT_UUID_BYTES);
    if (part[0] === SERVICE_DATA && Buffer.from(uuid).reverse().toString('hex') === BTHOME_SERVICE)
      return part.subarray(1 + SHORT_UUID_BYTES);
    at += 1 + length;
  }
  return undefined;
}
