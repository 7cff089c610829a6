import { reasonOf } from '../domain/index.js';
import type { Logger } from '../domain/index.js';
import type { LoadedBleno } from './bleno-loader.js';
import type { Bindings } from './bleno-types.js';
import { credible } from './credible.js';
import {
  ATT_ERROR,
  errorResponse,
  expectsAnswer,
  isCompletion,
  packetFault,
  requestFault,
} from './malformed.js';

/** One link-layer packet (251 bytes) holds an ATT packet of this size with its L2CAP header. */
const MTU = 247;
/** L2CAP channels (vol 3, part A, 2.1). */
const CHANNEL_ATT = 0x0004;
const CHANNEL_SECURITY = 0x0006;
const PAIRING_REQUEST = 0x01;
/** Pairing failed: pairing not supported (vol 3, part H, 3.5.5). What is secret goes through a session of our own. */
const PAIRING_NOT_SUPPORTED = Buffer.of(0x05, 0x05);
/** How much of a dropped packet is logged. */
const LOGGED_BYTES = 24;

/** Counts since the guard was put in. */
interface GuardCounts {
  packets: number;
  requests: number;
}

/**
 * Makes a bleno instance fit for phones that nobody knows: what it cannot take never reaches it, and what throws
 * nevertheless is dropped. `room` is called when the controller has sent something. To be called before the instance's
 * bindings are initialised. No file of the package is changed.
 */
export function guard(loaded: LoadedBleno, device: number, logger: Logger, room: () => void): GuardCounts {
  const counts: GuardCounts = { packets: 0, requests: 0 };
  const bindings = loaded.bleno._bindings;
  bindings._gatt.maxMtu = MTU;
  guardPackets(bindings, loaded.maxCentrals, counts, logger, room);
  guardChannels(bindings);
  guardRequests(bindings, counts, logger);
  replaceStart(bindings, device);
  return counts;
}

function guardPackets(
  { _hci: hci }: Bindings,
  maxCentrals: number,
  counts: GuardCounts,
  logger: Logger,
  room: () => void,
): void {
  const receive = hci.onSocketData.bind(hci);
  const doubt = credible(hci, maxCentrals, receive);
  const drop = (packet: Buffer, reason: string): void => {
    counts.packets++;
    logger.debug({ packet: packet.toString('hex', 0, LOGGED_BYTES), reason }, 'dropped a Bluetooth packet');
  };
  hci.onSocketData = (packet) => {
    const fault = packetFault(packet, (handle) => hci._handleBuffers[handle]) ?? doubt(packet);
    if (fault !== undefined) {
      drop(packet, fault);
      return;
    }
    try {
      receive(packet);
    } catch (error) {
      // The package reads what a radio sent without looking at its length: no state of ours is behind this.
      drop(packet, reasonOf(error));
    }
    if (isCompletion(packet)) room();
  };
  // Half a packet of a phone that left would be completed by the next phone with its handle.
  hci.on('disconnComplete', (handle: number) => Reflect.deleteProperty(hci._handleBuffers, handle));
}

/** Only ATT gets through: pairing is refused here, and the other channels have nobody who answers. */
function guardChannels(bindings: Bindings): void {
  const receive = bindings.onAclDataPkt.bind(bindings);
  bindings.onAclDataPkt = (handle, channel, data) => {
    if (channel === CHANNEL_ATT) receive(handle, channel, data);
    else if (channel === CHANNEL_SECURITY && data[0] === PAIRING_REQUEST) {
      bindings._hci.queueAclDataPkt(handle, CHANNEL_SECURITY, PAIRING_NOT_SUPPORTED);
    }
  };
}

function guardRequests({ _gatt: gatt }: Bindings, counts: GuardCounts, logger: Logger): void {
  const handle = gatt.handleRequest.bind(gatt);
  gatt.handleRequest = (request, connection) => {
    const fault = requestFault(request, gatt._handles);
    if (fault === undefined) {
      try {
        handle(request, connection);
        return;
      } catch (error) {
        // As above: only the package's own reading of the request throws; our handlers answer and never do.
        logger.debug(
          { request: request.toString('hex', 0, LOGGED_BYTES), reason: reasonOf(error) },
          'refused a request',
        );
      }
    }
    counts.requests++;
    const opcode = request[0] ?? 0;
    const unlikely = expectsAnswer(opcode) ? errorResponse(opcode, 0, ATT_ERROR.unlikely) : undefined;
    const response = fault === undefined ? unlikely : fault.response;
    if (response !== undefined) gatt.send(response, connection);
  };
}

/**
 * The user channel hides the adapter from bluetoothd, which breaks things on a shared one. The packages choose it by
 * an environment variable, poll once a second otherwise, and one opens a management socket for each connection whose
 * end stalls the process for up to a second.
 */
function replaceStart({ _hci: hci }: Bindings, device: number): void {
  if ('BluetoothHciSocket' in hci) hci.BluetoothHciSocket = NoManagement;
  hci.init = () => {
    const socket = hci._socket;
    socket.on('data', (packet: Buffer) => hci.onSocketData(packet));
    socket.on('error', (error: Error) => hci.emit('socketError', error));
    socket.bindUser(device);
    socket.start();
    hci.reset();
  };
}

class NoManagement {
  on(): void {
    return;
  }
  bindControl(): void {
    return;
  }
  start(): void {
    return;
  }
  stop(): void {
    return;
  }
  write(): void {
    return;
  }
}
