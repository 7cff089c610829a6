import { createRequire } from 'node:module';
import { withoutExitHooks } from '../air/index.js';
import { PerigeeError } from '../domain/index.js';
import type { Noble } from './noble-types.js';

const RESET = 0x0c03;
const READY_TIMEOUT_MS = 5_000;

/**
 * The only place that loads noble: an instance of its own on the device. `onLost` hears when the device goes away,
 * which noble itself does not; `prepare` is called before it is initialised. Rejects with `radio-unavailable`.
 */
export async function openNoble(
  device: number,
  onLost: (error: Error) => void,
  prepare?: (noble: Noble) => void,
): Promise<Noble> {
  const noble = load(device);
  noble._bindings._hci._socket.on('error', onLost);
  try {
    await ready(noble, prepare);
  } catch (cause) {
    closeNoble(noble);
    const cure =
      'Look whether another program holds the adapter, and whether this one may use it (CAP_NET_ADMIN).';
    throw new PerigeeError('radio-unavailable', 'The Bluetooth adapter does not start', cure, { cause });
  }
  return noble;
}

/** Nothing of the instance is left to run. */
export function closeNoble(noble: Noble): void {
  const socket = noble._bindings._hci._socket;
  socket.removeAllListeners();
  // The kernel may still complain about a device that goes down; nobody is left to be told.
  socket.on('error', () => undefined);
  socket.stop();
}

function load(device: number): Noble {
  try {
    const withBinding = createRequire(import.meta.url)(
      '@abandonware/noble/with-custom-binding',
    ) as (options: { deviceId: number }) => Noble;
    return withBinding({ deviceId: device });
  } catch (cause) {
    const cure =
      'Install it with `npm install @abandonware/noble`, with build tools (python3, make, g++) if it asks.';
    throw new PerigeeError('radio-unavailable', '@abandonware/noble does not load', cure, { cause });
  }
}

/**
 * The user channel hides the adapter from bluetoothd and needs no poll. noble knows it by an environment variable, and
 * forgets there to ask for the size of the controller's buffers, without which it never sends data.
 */
async function ready(noble: Noble, prepare?: (noble: Noble) => void): Promise<void> {
  const hci = noble._bindings._hci;
  hci._userChannel = true;
  const complete = hci.processCmdCompleteEvent.bind(hci);
  hci.processCmdCompleteEvent = (opcode, status, result) => {
    complete(opcode, status, result);
    if (opcode === RESET) hci.readLeBufferSize();
  };
  let timer: NodeJS.Timeout | undefined;
  const poweredOn = new Promise<void>((resolve, reject) => {
    timer = setTimeout(() => reject(new Error('it does not answer')), READY_TIMEOUT_MS);
    hci._socket.once('error', reject);
    noble._bindings.on('stateChange', (state: string) => {
      if (state === 'poweredOn') resolve();
    });
  });
  try {
    noble.initialized = true;
    prepare?.(noble);
    withoutExitHooks(() => noble._bindings.init());
    await poweredOn;
  } finally {
    clearTimeout(timer);
  }
}
