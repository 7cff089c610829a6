import type { Hci } from './bleno-types.js';

/**
 * What a controller may say depends on what it was told and on who is connected. The bleno packages believe it whatever
 * it is: an answer to a reset that nobody asked for makes them forget their connections, and a second connection with a
 * handle, or one more than they know how to serve, lives on in the place of the first (Core specification 5.0, vol 2,
 * part E, 4.4 and 7.7).
 */
const COMMAND = 0x01;
const ACL = 0x02;
const EVENT = 0x04;
const COMMAND_COMPLETE = 0x0e;
const COMMAND_STATUS = 0x0f;
const LE_META = 0x3e;
const LE_CONNECTION_COMPLETE = 0x01;
const ROLE_PERIPHERAL = 1;
/** Why a connection ended of which the controller did not say so: its supervision timeout. */
const LOST = 0x08;

/** Why the host must not see a packet of a good form, if it must not. */
export type Credible = (packet: Buffer) => string | undefined;

/** `end` is called with the end of a connection that the controller has forgotten to tell. */
export function credible(hci: Hci, maxCentrals: number, end: (packet: Buffer) => void): Credible {
  const isAsked = awaitedAnswers(hci);
  const connected = (handle: number): boolean => hci._handleAclsInProgress[handle] !== undefined;
  return (packet) => {
    if (packet[0] === ACL)
      return connected(packet.readUInt16LE(1) & 0x0fff) ? undefined : 'data of no connection';
    if (packet[0] !== EVENT) return undefined;
    if (!isAsked(packet)) return 'an answer to nothing';
    if (packet[1] !== LE_META || packet[3] !== LE_CONNECTION_COMPLETE) return undefined;
    const handle = packet.readUInt16LE(5);
    if (packet[7] !== ROLE_PERIPHERAL) return 'a connection that nobody asked for';
    if (connected(handle)) end(Buffer.of(EVENT, 0x05, 4, 0, handle & 0xff, handle >> 8, LOST));
    if (Object.keys(hci._handleAclsInProgress).length < maxCentrals) return undefined;
    hci.disconnect(handle);
    return 'one phone too many';
  };
}

/** Whether an event answers a command that was sent; anything else answers nothing, and may come at any time. */
function awaitedAnswers({ _socket: socket }: Hci): (event: Buffer) => boolean {
  const awaited = new Map<number, number>();
  const write = socket.write.bind(socket);
  const counting = (packet: Buffer): void => {
    if (packet[0] === COMMAND) {
      const opcode = packet.readUInt16LE(1);
      awaited.set(opcode, (awaited.get(opcode) ?? 0) + 1);
    }
    write(packet);
  };
  // The native socket's own method is read-only, and an assignment would fail.
  Object.defineProperty(socket, 'write', { value: counting });
  return (event) => {
    const place = { [COMMAND_COMPLETE]: 4, [COMMAND_STATUS]: 5 }[event[1] ?? 0];
    if (place === undefined) return true;
    const opcode = event.readUInt16LE(place);
    const count = awaited.get(opcode) ?? 0;
    if (count > 0) awaited.set(opcode, count - 1);
    return count > 0;
  };
}
