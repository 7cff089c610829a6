import module from 'node:module';
import { hciSocketClass } from './hci-socket.js';
import type { HciTransport } from './transport.js';

/** The native packages under both Bluetooth stacks. */
const HCI_SOCKET_PACKAGES: ReadonlySet<string> = new Set([
  '@abandonware/bluetooth-hci-socket',
  '@stoprocent/bluetooth-hci-socket',
]);
/** Above any number that a kernel gives (hci0, hci1, …). */
const FIRST_DEVICE = 1000;

type Load = (this: unknown, request: string, ...rest: readonly unknown[]) => unknown;

const devices = new Map<number, HciTransport>();
let nextDevice = FIRST_DEVICE;
let installed = false;

/** A number under which a Bluetooth stack of this process finds a virtual device. */
interface VirtualDevice {
  readonly id: number;
  /** Takes the number back and closes the transport. */
  withdraw(): void;
}

/**
 * Offers a transport to the Bluetooth stacks that this process loads from now on. The first call puts a stand-in in
 * the place of the native packages, for the life of the process: module loading is global, and so is this file.
 */
export function offerDevice(transport: HciTransport): VirtualDevice {
  install();
  const id = nextDevice++;
  devices.set(id, transport);
  return {
    id,
    withdraw: () => {
      devices.delete(id);
      transport.close();
    },
  };
}

function install(): void {
  if (installed) return;
  installed = true;
  const loader = module as unknown as { _load: Load };
  const load = loader._load;
  const standIn = hciSocketClass((device) => devices.get(device));
  loader._load = function (request, ...rest): unknown {
    return HCI_SOCKET_PACKAGES.has(request) ? standIn : load.call(this, request, ...rest);
  };
}
